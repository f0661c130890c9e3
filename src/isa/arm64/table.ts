/** All rows of arm64, by the manual's groups. */

import type { Row } from '../insn.ts';
import { dataImmediate } from './data_immediate.ts';

export const arm64: readonly Row[] = [...dataImmediate];
