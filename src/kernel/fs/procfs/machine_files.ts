/** /proc files about the machine as a whole: memory, processor, load, uptime. See proc(5). */

import { CLOCK_BOOTTIME } from '../../../abi/time.ts';
import { controllers } from '../../cgroup/controllers.ts';
import { addTimes, clockOffset, negatedTime, shownTime } from '../../time/posix_clock.ts';
import type { ProcContext } from './entry.ts';
import { ticks } from './pid_stat.ts';

export function uptime({ kernel, reader }: ProcContext): string {
  const { seconds, nanoseconds } = shownTime(reader, CLOCK_BOOTTIME, kernel.clock.monotonic());
  return `${seconds}.${String(Math.floor(nanoseconds / 1e7)).padStart(2, '0')} ${(kernel.scheduler.idleTime / 1e9).toFixed(2)}\n`;
}

/** The controllers; all belong to the one hierarchy of version 2. Linux: proc_cgroupstats_show. */
export const cgroups = ({ kernel }: ProcContext): string =>
  `#subsys_name\thierarchy\tnum_cgroups\tenabled\n${controllers
    .map(({ legacyName }) => `${legacyName}\t0\t${kernel.cgroups.count}\t1\n`)
    .join('')}`;

/** Tasks are those that the mount shows; the id given last is that of the reader's PID namespace. Linux: loadavg_proc_show. */
export function loadavg({ kernel, sb, reader }: ProcContext): string {
  const tasks = sb.pidNamespace.list().filter((pid) => pid.task !== null);
  const running = tasks.filter((pid) => pid.task!.state === 'R').length;
  const loads = kernel.scheduler.loadAverages().map((load) => load.toFixed(2));
  return `${loads.join(' ')} ${running}/${tasks.length} ${reader.pid.namespace.lastPid}\n`;
}

export function stat({ kernel, reader }: ProcContext): string {
  const { scheduler } = kernel;
  const boot = addTimes(kernel.bootTime, negatedTime(clockOffset(reader, CLOCK_BOOTTIME)));
  const times = `${ticks(scheduler.userTime)} 0 ${ticks(scheduler.systemTime)} ${ticks(scheduler.idleTime)} 0 0 0 0 0 0`;
  return [
    `cpu  ${times}`,
    `cpu0 ${times}`,
    'intr 0',
    `ctxt ${scheduler.switches}`,
    `btime ${boot.seconds}`,
    `processes ${scheduler.forks}`,
    `procs_running ${scheduler.runnable}`,
    'procs_blocked 0',
    'softirq 0 0 0 0 0 0 0 0 0 0 0',
    '',
  ].join('\n');
}

/** Sizes in bytes, in Linux's order. Page cache counts as inactive file pages, memory without a file as active. */
export function meminfo({ kernel, reader }: ProcContext): string {
  const m = kernel.memoryInfo(reader);
  const file = m.cached - m.shared;
  const rows: readonly (readonly [string, number])[] = [
    ['MemTotal', m.total],
    ['MemFree', m.free],
    ['MemAvailable', m.available],
    ['Buffers', 0],
    ['Cached', m.cached],
    ['SwapCached', 0],
    ['Active', m.anonymous + m.shared],
    ['Inactive', file],
    ['Active(anon)', m.anonymous + m.shared],
    ['Inactive(anon)', 0],
    ['Active(file)', 0],
    ['Inactive(file)', file],
    ['Unevictable', 0],
    ['Mlocked', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Dirty', 0],
    ['Writeback', 0],
    ['AnonPages', m.anonymous],
    ['Mapped', m.mapped],
    ['Shmem', m.shared],
    ['KReclaimable', 0],
    ['Slab', 0],
    ['SReclaimable', 0],
    ['SUnreclaim', 0],
    ['KernelStack', 0],
    ['PageTables', kernel.memory.tables.bytes],
    ['CommitLimit', m.commitLimit],
    ['Committed_AS', m.committed],
  ];
  return rows.map(([name, bytes]) => `${`${name}:`.padEnd(15)} ${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`).join('');
}

export function vmstat({ kernel, reader }: ProcContext): string {
  const m = kernel.memoryInfo(reader);
  const pages = (bytes: number): number => Math.floor(bytes / 4096);
  const rows: readonly (readonly [string, number])[] = [
    ['nr_free_pages', pages(m.free)],
    ['nr_inactive_anon', 0],
    ['nr_active_anon', pages(m.anonymous + m.shared)],
    ['nr_inactive_file', pages(m.cached - m.shared)],
    ['nr_active_file', 0],
    ['nr_anon_pages', pages(m.anonymous)],
    ['nr_mapped', pages(m.mapped)],
    ['nr_file_pages', pages(m.cached)],
    ['nr_dirty', 0],
    ['nr_writeback', 0],
    ['nr_shmem', pages(m.shared)],
    ['nr_page_table_pages', Math.ceil(kernel.memory.tables.bytes / 4096)],
    ['pgpgin', 0],
    ['pgpgout', 0],
    ['pswpin', 0],
    ['pswpout', 0],
  ];
  return rows.map(([name, value]) => `${name} ${value}\n`).join('');
}

/** As arm64 Linux prints it, with the features that the processor has. */
export function cpuinfo({ kernel }: ProcContext): string {
  const { features } = kernel.platform.machine;
  return [
    'processor\t: 0',
    'BogoMIPS\t: 125.00',
    `Features\t: ${features.names.join(' ')}`,
    'CPU implementer\t: 0x00',
    'CPU architecture: 8',
    'CPU variant\t: 0x0',
    'CPU part\t: 0x000',
    'CPU revision\t: 0',
    '',
    '',
  ].join('\n');
}

export function devices({ kernel }: ProcContext): string {
  const rows = kernel.vfs.charDevices.list().map(({ major, name }) => `${String(major).padStart(3)} ${name}\n`);
  return `Character devices:\n${[...new Set(rows)].join('')}\nBlock devices:\n`;
}

/** File systems that only the kernel mounts are listed too. */
export const fileSystems = ({ kernel }: ProcContext): string =>
  [...kernel.fileSystems.values()].map((type) => `${type.requiresDevice ? '' : 'nodev'}\t${type.name}\n`).join('');

/** Linux: show_tty_driver. */
export function ttyDrivers(): string {
  const rows: readonly (readonly [string, string, number, string, string])[] = [
    ['/dev/tty', 'tty', 5, '0', 'system:/dev/tty'],
    ['/dev/console', 'console', 5, '1', 'system:console'],
    ['/dev/ptmx', 'ptmx', 5, '2', 'system'],
    ['pty_slave', 'pts', 136, '0-1048575', 'pty:slave'],
    ['pty_master', 'ptm', 128, '0-1048575', 'pty:master'],
  ];
  return rows
    .map(
      ([name, node, major, minors, type]) =>
        `${name.padEnd(20)} /dev/${node.padEnd(8)} ${String(major).padStart(3)} ${minors.padStart(7)} ${type}\n`,
    )
    .join('');
}

export const version = ({ kernel }: ProcContext): string => `Linux version ${kernel.release} (holm@holm) (Holm) ${kernel.version}\n`;
