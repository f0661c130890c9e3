/** Extended headers: records "length key=value\n". See pax(1), "pax Extended Header". */

import { HolmError } from '../../error.ts';
import { byteString, fromByteString } from '../bytes.ts';

/** In order and with repetitions, which GNU sparse format 0.0 needs. */
export type PaxRecords = readonly (readonly [key: string, value: string])[];

export function parsePax(data: Uint8Array): PaxRecords {
  const records: [string, string][] = [];
  for (let at = 0; at < data.length; ) {
    const blank = data.indexOf(0x20, at);
    const digits = blank < 0 ? '' : byteString(data.subarray(at, blank));
    const length = /^[1-9][0-9]{0,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < digits.length + 3 || end > data.length || data[end - 1] !== 0x0a) {
      throw new HolmError('EARCHIVE', 'tar archive holds a malformed extended header');
    }
    const record = byteString(data.subarray(blank + 1, end - 1));
    const equals = record.indexOf('=');
    if (equals <= 0) throw new HolmError('EARCHIVE', 'tar archive holds a malformed extended header');
    records.push([record.slice(0, equals), record.slice(equals + 1)]);
    at = end;
  }
  return records;
}

export function formatPax(records: PaxRecords): Uint8Array {
  let text = '';
  for (const [key, value] of records) {
    const body = ` ${key}=${value}\n`;
    let length = body.length + 1;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    text += `${length}${body}`;
  }
  return fromByteString(text);
}

/** A decimal number of an extended header, such as a size. */
export function paxInteger(value: string): number {
  const number = /^-?[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new HolmError('EARCHIVE', 'tar archive holds an extended header with a bad number');
  return number;
}

/** Seconds with a fraction, rounded down to nanoseconds. */
export function paxTime(value: string): readonly [seconds: number, nanoseconds: number] {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (!match) throw new HolmError('EARCHIVE', 'tar archive holds an extended header with a bad time');
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').padEnd(9, '0').slice(0, 9));
  if (match[1] === '') return [seconds, nanoseconds];
  return nanoseconds === 0 ? [0 - seconds, 0] : [-seconds - 1, 1e9 - nanoseconds];
}
