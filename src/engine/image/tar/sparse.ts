/** Files with holes: GNU's old format and its three pax formats. See the GNU tar manual, "Storing Sparse Files". */

import { HolmError } from '../../error.ts';
import type { ByteReader } from '../byte_reader.ts';
import { byteString } from '../bytes.ts';
import { BLOCK, padding, type TarRun } from './entry.ts';
import { numberField } from './header.ts';
import { type PaxRecords, paxInteger } from './pax.ts';

const MAX_RUNS = 1 << 20;

/** A sparse file as a header announces it. */
export interface SparseMap {
  readonly size: number;
  readonly runs: readonly TarRun[];
  /** Bytes of the member's data that the map itself took. */
  readonly consumed: number;
  readonly name: string | null;
}

/** Runs in ascending order, inside the file, and as long together as the data that is stored. */
function checkedMap(map: SparseMap, stored: number): SparseMap {
  let end = 0;
  let total = 0;
  for (const run of map.runs) {
    if (run.offset < end || run.length < 0 || run.offset + run.length > map.size) {
      throw new HolmError('EARCHIVE', 'tar archive holds a malformed sparse map');
    }
    end = run.offset + run.length;
    total += run.length;
  }
  if (total !== stored - map.consumed) throw new HolmError('EARCHIVE', 'tar archive holds a sparse map that disagrees with its data');
  return { ...map, runs: map.runs.filter((run) => run.length > 0) };
}

function addOldRuns(runs: TarRun[], block: Uint8Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = from + i * 24;
    if (block[at] === 0 && block[at + 12] === 0) return;
    runs.push({ offset: numberField(block, [at, 12]), length: numberField(block, [at + 12, 12]) });
  }
}

/** Type 'S': four runs in the header, more in the blocks after it. */
export async function readOldSparse(block: Uint8Array, stored: number, reader: ByteReader): Promise<SparseMap> {
  const runs: TarRun[] = [];
  addOldRuns(runs, block, 386, 4);
  for (let more = block[482] !== 0; more; ) {
    const extension = await reader.read(BLOCK, 'tar archive');
    addOldRuns(runs, extension, 0, 21);
    if (runs.length > MAX_RUNS) throw new HolmError('EARCHIVE', 'tar archive holds a sparse map that is too long');
    more = extension[504] !== 0;
  }
  return checkedMap({ size: numberField(block, [483, 12]), runs, consumed: 0, name: null }, stored);
}

/** Formats 0.0 and 0.1, whose map is in the extended header, and 1.0, whose map comes first in the data. */
export async function readPaxSparse(records: PaxRecords, stored: number, reader: ByteReader): Promise<SparseMap | null> {
  const last = new Map(records);
  const name = last.get('GNU.sparse.name') ?? null;
  if (last.get('GNU.sparse.major') === '1' && last.get('GNU.sparse.minor') === '0') {
    const { runs, consumed } = await readInlineMap(stored, reader);
    return checkedMap({ size: paxInteger(last.get('GNU.sparse.realsize') ?? ''), runs, consumed, name }, stored);
  }
  const size = last.get('GNU.sparse.size');
  if (size === undefined) return null;
  const map = last.get('GNU.sparse.map');
  const numbers: number[] = [];
  if (map !== undefined) {
    for (const text of map === '' ? [] : map.split(',')) numbers.push(paxInteger(text));
  } else {
    for (const [key, value] of records) {
      if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') numbers.push(paxInteger(value));
    }
  }
  return checkedMap({ size: paxInteger(size), runs: pairs(numbers), consumed: 0, name }, stored);
}

function pairs(numbers: readonly number[]): TarRun[] {
  const runs: TarRun[] = [];
  if (numbers.length % 2 !== 0) throw new HolmError('EARCHIVE', 'tar archive holds a malformed sparse map');
  for (let i = 0; i < numbers.length; i += 2) runs.push({ offset: numbers[i]!, length: numbers[i + 1]! });
  return runs;
}

/** Decimal lines: the number of runs, then offset and length of each, padded to whole blocks. */
async function readInlineMap(stored: number, reader: ByteReader): Promise<{ runs: TarRun[]; consumed: number }> {
  const numbers: number[] = [];
  let wanted = 1;
  let consumed = 0;
  let text = '';
  while (numbers.length < wanted) {
    if (consumed + BLOCK > stored + padding(stored)) throw new HolmError('EARCHIVE', 'tar archive holds a malformed sparse map');
    text += byteString(await reader.read(BLOCK, 'tar archive'));
    consumed += BLOCK;
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) {
      if (numbers.length === wanted) break;
      numbers.push(paxInteger(line));
      if (numbers.length === 1) wanted += numbers[0]! * 2;
      if (wanted > 2 * MAX_RUNS || wanted < 1) throw new HolmError('EARCHIVE', 'tar archive holds a sparse map that is too long');
    }
  }
  return { runs: pairs(numbers.slice(1)), consumed };
}
