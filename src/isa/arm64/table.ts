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

export interface RowGroup {
  readonly name: string;
  readonly rows: readonly Row[];
}

export const groups: readonly RowGroup[] = [
  { name: 'Data processing with an immediate', rows: dataImmediate },
  { name: 'Data processing with registers', rows: dataRegister },
  { name: 'CRC32', rows: crc },
  { name: 'Branches and exceptions', rows: branches },
  { name: 'System', rows: system },
  { name: 'Loads and stores', rows: loadStore },
  { name: 'Exclusive and ordered loads and stores', rows: loadStoreExclusive },
  { name: 'Atomic memory operations', rows: atomics },
  { name: 'Floating point, scalar', rows: fpScalar },
  { name: 'Floating point, vectors', rows: fpVector },
  { name: 'Floating point, vectors of other shapes', rows: fpVectorShapes },
  { name: 'Vectors by element', rows: simdByElement },
  { name: 'Vector copies', rows: simdCopy },
  { name: 'Vectors with an immediate', rows: simdImmediate },
  { name: 'Vector loads and stores', rows: simdLoadStore },
  { name: 'Vector permutations', rows: simdPermute },
  { name: 'Vector shifts by an immediate', rows: simdShiftImmediate },
  { name: 'Vector structures', rows: simdStructures },
  { name: 'Vectors, three registers of different widths', rows: simdThreeDifferent },
  { name: 'Vectors, three registers of the same width', rows: simdThreeSame },
  { name: 'Vectors, two registers', rows: simdTwoRegisters },
];

export const arm64: readonly Row[] = groups.flatMap(({ rows }) => rows);
