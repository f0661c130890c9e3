/** Signals as people write them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`. See signal(7), kill(1). */

import * as signals from '../abi/signal.ts';
import { HolmError } from './error.ts';

const SIGRTMIN = 34;
const SIGRTMAX = 64;

const numbers: ReadonlyMap<string, number> = new Map(
  Object.entries(signals).filter((entry): entry is [string, number] => /^SIG[A-Z0-9]+$/.test(entry[0]) && typeof entry[1] === 'number'),
);

function byName(name: string): number | undefined {
  const realtime = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (realtime !== null) return (realtime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX) + Number(realtime[2] ?? 0);
  return numbers.get(`SIG${name}`);
}

/** The number of a signal. Throws EOPTION when there is none of that name. */
export function signalNumber(signal: string | number): number {
  const text = String(signal).toUpperCase();
  const number = /^\d+$/.test(text) ? Number(text) : byName(text.replace(/^SIG/, ''));
  if (number === undefined || number < 1 || number > SIGRTMAX) throw new HolmError('EOPTION', `invalid signal: ${signal}`);
  return number;
}
