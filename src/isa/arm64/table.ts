/** All rows of arm64, by the manual's groups. */

import type { Row } from '../insn.ts';
import { atomics } from './atomics.ts';
import { branches } from './branches.ts';
import { dataImmediate } from './data_immediate.ts';
import { crc, dataRegister } from './data_register.ts';
import { fpScalar } from './fp_scalar.ts';
import { fpVector } from './fp_vector.ts';
import { fpVectorShapes } from './fp_vector_shapes.ts';
import { loadStore } from './load_store.ts';
import { loadStoreExclusive } from './load_store_exclusive.ts';
import { simdByElement } from './simd_by_element.ts';
import { simdCopy } from './simd_copy.ts';
import { simdImmediate } from './simd_immediate.ts';
import { simdLoadStore } from './simd_load_store.ts';
import { simdPermute } from './simd_permute.ts';
import { simdShiftImmediate } from './simd_shift_immediate.ts';
import { simdStructures } from './simd_structures.ts';
import { simdThreeDifferent } from './simd_three_different.ts';
import { simdThreeSame } from './simd_three_same.ts';
import { simdTwoRegisters } from './simd_two_registers.ts';
import { system } from './system.ts';

export const arm64: readonly Row[] = [
  ...dataImmediate,
  ...dataRegister,
  ...crc,
  ...branches,
  ...system,
  ...loadStore,
  ...loadStoreExclusive,
  ...atomics,
  ...fpScalar,
  ...fpVector,
  ...fpVectorShapes,
  ...simdByElement,
  ...simdCopy,
  ...simdImmediate,
  ...simdLoadStore,
  ...simdPermute,
  ...simdShiftImmediate,
  ...simdStructures,
  ...simdThreeDifferent,
  ...simdThreeSame,
  ...simdTwoRegisters,
];
