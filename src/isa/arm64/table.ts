/** All rows of arm64, by the manual's groups. */

import type { Row } from '../insn.ts';
import { atomics } from './atomics.ts';
import { branches } from './branches.ts';
import { dataImmediate } from './data_immediate.ts';
import { crc, dataRegister } from './data_register.ts';
import { loadStore } from './load_store.ts';
import { loadStoreExclusive } from './load_store_exclusive.ts';
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
];
