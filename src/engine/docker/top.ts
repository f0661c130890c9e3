/** The processes of a container in columns, as ps(1) has them. See docker-top(1). */

import type { ProcessInfo } from '../../kernel/api/index.ts';
import { HolmError } from '../error.ts';

interface Clock {
  /** Nanoseconds on the monotonic clock. */
  readonly monotonic: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type Cell = (process: ProcessInfo, clock: Clock) => string | number;

const two = (n: number): string => String(n).padStart(2, '0');
const command: Cell = ({ argv, comm }) => (argv.length === 0 ? `[${comm}]` : argv.join(' '));

/** `01:02:03` of nanoseconds. */
function duration(nanoseconds: number): string {
  const seconds = Math.floor(nanoseconds / 1e9);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** `12:34`, or the day when it is not today. */
function startTime({ started }: ProcessInfo, { monotonic, now }: Clock): string {
  const start = new Date(now - (monotonic - started) / 1e6);
  if (now - start.getTime() < 86_400_000) return `${two(start.getUTCHours())}:${two(start.getUTCMinutes())}`;
  return start.toUTCString().slice(8, 11) + two(start.getUTCDate());
}

const share = ({ used, started }: ProcessInfo, { monotonic }: Clock): number => (100 * used) / Math.max(1, monotonic - started);

/** Title and content of ps's columns by the names that -o takes. */
const COLUMNS: Readonly<Record<string, readonly [string, Cell]>> = {
  pid: ['PID', ({ pid }) => pid],
  ppid: ['PPID', ({ parent }) => parent],
  uid: ['UID', ({ user }) => user],
  // ps -f has the name in a column of this title.
  owner: ['UID', ({ user }) => (user === 0 ? 'root' : user)],
  user: ['USER', ({ user }) => (user === 0 ? 'root' : user)],
  gid: ['GID', ({ group }) => group],
  group: ['GROUP', ({ group }) => (group === 0 ? 'root' : group)],
  c: ['C', (process, clock) => Math.floor(share(process, clock))],
  pcpu: ['%CPU', (process, clock) => share(process, clock).toFixed(1)],
  stime: ['STIME', startTime],
  start: ['START', startTime],
  tty: ['TTY', ({ terminal }) => terminal ?? '?'],
  time: ['TIME', ({ used }) => duration(used)],
  etime: ['ELAPSED', ({ started }, { monotonic }) => duration(monotonic - started)],
  stat: ['STAT', ({ state }) => state],
  s: ['S', ({ state }) => state],
  ni: ['NI', ({ nice }) => nice],
  nlwp: ['NLWP', ({ threads }) => threads],
  vsz: ['VSZ', (process) => Math.floor(process.virtual / 1024)],
  rss: ['RSS', ({ resident }) => Math.floor(resident / 1024)],
  comm: ['COMMAND', ({ comm }) => comm],
  args: ['COMMAND', command],
  cmd: ['CMD', command],
};

const ALIASES: Readonly<Record<string, string>> = {
  command: 'args',
  tname: 'tty',
  tt: 'tty',
  '%cpu': 'pcpu',
  state: 's',
  nice: 'ni',
  thcount: 'nlwp',
};

/** The columns of ps's usual formats. */
const FORMATS: Readonly<Record<string, string>> = {
  '': 'owner,pid,ppid,c,stime,tty,time,cmd',
  '-ef': 'owner,pid,ppid,c,stime,tty,time,cmd',
  '-e': 'pid,tty,time,comm',
  ef: 'pid,tty,stat,time,args',
  ax: 'pid,tty,stat,time,args',
  aux: 'user,pid,pcpu,vsz,rss,tty,stat,start,time,args',
};

function columnsOf(psArguments: string): string[] {
  const custom = /^(?:-?[aAex]+ +)?-?o *(.+)$/.exec(psArguments.trim());
  const list = custom === null ? FORMATS[psArguments.trim()] : custom[1]!;
  if (list === undefined) {
    throw new HolmError('EOPTION', `ps arguments "${psArguments}" are not supported: -ef, -e, ax, aux or -o and a list of columns`);
  }
  return list.split(/[ ,]+/).map((name) => ALIASES[name] ?? name);
}

/** Titles and rows for ps arguments; `-ef` when there are none. */
export function top(processes: readonly ProcessInfo[], psArguments: string, clock: Clock): { Titles: string[]; Processes: string[][] } {
  const columns = columnsOf(psArguments).map((name) => {
    const column = COLUMNS[name];
    if (column === undefined) throw new HolmError('EOPTION', `ps: unknown column "${name}"`);
    return column;
  });
  return {
    Titles: columns.map(([title]) => title),
    Processes: processes.map((process) => columns.map(([, cell]) => String(cell(process, clock)))),
  };
}
