/** What /proc/[pid]/maps, smaps, statm and status say about an address space. Linux: fs/proc/task_mmu.c. See proc_pid_maps(5). */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { File } from '../vfs/file.ts';
import type { Mm } from './mm.ts';
import { LEAF_PAGES, PTE_PRIVATE } from './page_table.ts';
import {
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_NORESERVE,
  VM_SEALED,
  VM_WIPEONFORK,
  type Vma,
} from './vma.ts';

const KIB = FRAME_SIZE / 1024;
/** Columns before the name. Linux: show_vma_header_prefix. */
const NAME_COLUMN = 73;

/** The path of a mapped file as the reader sees it, already escaped. */
export type PathOf = (file: File) => string;

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

function nameOf(vma: Vma, pathOf: PathOf): string {
  if (vma.name !== '') return vma.name;
  if (vma.file !== null) return pathOf(vma.file);
  if (vma.mapping !== null) return '/dev/zero (deleted)';
  const { startBrk, brk, startStack } = vma.mm.layout;
  const start = vma.start * FRAME_SIZE;
  const end = vma.end * FRAME_SIZE;
  if (start <= brk && end >= startBrk && startBrk !== 0 && brk > startBrk) return '[heap]';
  return start <= startStack && end >= startStack ? '[stack]' : '';
}

function header(vma: Vma, pathOf: PathOf): string {
  const { prot, file } = vma;
  const access =
    ((prot & PROT_READ) !== 0 ? 'r' : '-') +
    ((prot & PROT_WRITE) !== 0 ? 'w' : '-') +
    ((prot & PROT_EXEC) !== 0 ? 'x' : '-') +
    (vma.shared ? 's' : 'p');
  const dev = file === null ? (vma.name === '' && vma.mapping !== null ? 1 : 0) : file.inode.sb.dev;
  const ino = file?.inode.ino ?? (vma.name === '' ? vma.mapping?.host.ino : 0) ?? 0;
  const offset = vma.mapping === null || vma.name !== '' ? 0 : vma.offset * FRAME_SIZE;
  const device = `${hex((dev >>> 8) & 0xfff, 2)}:${hex((dev & 0xff) | ((dev >>> 12) & 0xfff00), 2)}`;
  const line = `${hex(vma.start * FRAME_SIZE, 8)}-${hex(vma.end * FRAME_SIZE, 8)} ${access} ${hex(offset, 8)} ${device} ${ino} `;
  const name = nameOf(vma, pathOf);
  return `${name === '' ? line : line.padEnd(NAME_COLUMN) + name}\n`;
}

/** /proc/[pid]/maps. */
export function mapsText(mm: Mm, pathOf: PathOf): string {
  let text = '';
  for (const vma of mm.vmas) text += header(vma, pathOf);
  return text;
}

/** Pages of a range by how they are used. */
class Residency {
  rss = 0;
  pss = 0;
  pssDirty = 0;
  sharedClean = 0;
  sharedDirty = 0;
  privateClean = 0;
  privateDirty = 0;
  anonymous = 0;

  add(other: Residency): void {
    this.rss += other.rss;
    this.pss += other.pss;
    this.pssDirty += other.pssDirty;
    this.sharedClean += other.sharedClean;
    this.sharedDirty += other.sharedDirty;
    this.privateClean += other.privateClean;
    this.privateDirty += other.privateDirty;
    this.anonymous += other.anonymous;
  }
}

/** Linux: smaps_account. */
function residencyOf(vma: Vma): Residency {
  const { table } = vma.mm;
  const { frames, zeroFrame } = vma.mm.kernel.memory;
  const result = new Residency();
  for (let page = table.nextCovered(vma.start, vma.end); page < vma.end; ) {
    const end = Math.min(vma.end, page - (page % LEAF_PAGES) + LEAF_PAGES);
    for (; page < end; page++) {
      const entry = table.get(page);
      const frame = entry >>> 12;
      if (frame === 0 || frame === zeroFrame) continue;
      const isPrivate = (entry & PTE_PRIVATE) !== 0;
      const users = Math.max(1, frames.references(frame) - (isPrivate ? 0 : 1));
      const dirty = isPrivate || vma.mapping?.isDirty(vma.offset + page - vma.start) === true;
      result.rss++;
      result.pss += 1 / users;
      if (dirty) result.pssDirty += 1 / users;
      if (isPrivate) result.anonymous++;
      if (users > 1) result[dirty ? 'sharedDirty' : 'sharedClean']++;
      else result[dirty ? 'privateDirty' : 'privateClean']++;
    }
    page = table.nextCovered(page, vma.end);
  }
  return result;
}

const line = (name: string, kib: number): string => `${`${name}:`.padEnd(16)}${String(Math.floor(kib)).padStart(8)} kB\n`;

function residencyText(r: Residency, locked: number): string {
  const text =
    line('Rss', r.rss * KIB) +
    line('Pss', r.pss * KIB) +
    line('Pss_Dirty', r.pssDirty * KIB) +
    line('Shared_Clean', r.sharedClean * KIB) +
    line('Shared_Dirty', r.sharedDirty * KIB) +
    line('Private_Clean', r.privateClean * KIB) +
    line('Private_Dirty', r.privateDirty * KIB) +
    line('Referenced', r.rss * KIB) +
    line('Anonymous', r.anonymous * KIB);
  const none = [
    'KSM',
    'LazyFree',
    'AnonHugePages',
    'ShmemPmdMapped',
    'FilePmdMapped',
    'Shared_Hugetlb',
    'Private_Hugetlb',
    'Swap',
    'SwapPss',
  ];
  return text + none.map((name) => line(name, 0)).join('') + line('Locked', locked);
}

/** Mnemonics of VmFlags, in Linux's order. */
const VM_FLAG_NAMES: readonly (readonly [(vma: Vma) => boolean, string])[] = [
  [(v) => (v.prot & PROT_READ) !== 0, 'rd'],
  [(v) => (v.prot & PROT_WRITE) !== 0, 'wr'],
  [(v) => (v.prot & PROT_EXEC) !== 0, 'ex'],
  [(v) => v.shared, 'sh'],
  [(v) => (v.mayProt & PROT_READ) !== 0, 'mr'],
  [(v) => (v.mayProt & PROT_WRITE) !== 0, 'mw'],
  [(v) => (v.mayProt & PROT_EXEC) !== 0, 'me'],
  [(v) => v.shared && (v.mayProt & PROT_WRITE) !== 0, 'ms'],
  [(v) => (v.flags & VM_GROWSDOWN) !== 0, 'gd'],
  [(v) => (v.flags & VM_LOCKED) !== 0, 'lo'],
  [(v) => (v.flags & VM_DONTCOPY) !== 0, 'dc'],
  [(v) => (v.flags & VM_DONTEXPAND) !== 0, 'de'],
  [(v) => (v.flags & VM_ACCOUNT) !== 0, 'ac'],
  [(v) => (v.flags & VM_NORESERVE) !== 0, 'nr'],
  [(v) => (v.flags & VM_WIPEONFORK) !== 0, 'wf'],
  [(v) => (v.flags & VM_DONTDUMP) !== 0, 'dd'],
  [(v) => (v.flags & VM_SEALED) !== 0, 'sl'],
];

/** /proc/[pid]/smaps. */
export function smapsText(mm: Mm, pathOf: PathOf): string {
  let text = '';
  for (const vma of mm.vmas) {
    const residency = residencyOf(vma);
    text += header(vma, pathOf);
    text += line('Size', vma.pages * KIB) + line('KernelPageSize', KIB) + line('MMUPageSize', KIB);
    text += residencyText(residency, (vma.flags & VM_LOCKED) !== 0 ? residency.pss * KIB : 0);
    text += `THPeligible:           0\nVmFlags: ${VM_FLAG_NAMES.filter(([has]) => has(vma))
      .map(([, name]) => `${name} `)
      .join('')}\n`;
  }
  return text;
}

/** /proc/[pid]/smaps_rollup. */
export function smapsRollupText(mm: Mm): string {
  const first = mm.vmas.at(0);
  const last = mm.vmas.at(mm.vmas.length - 1);
  if (first === undefined || last === undefined) return '';
  const sum = new Residency();
  let locked = 0;
  let anon = 0;
  let file = 0;
  let shmem = 0;
  for (const vma of mm.vmas) {
    const residency = residencyOf(vma);
    sum.add(residency);
    if ((vma.flags & VM_LOCKED) !== 0) locked += residency.pss * KIB;
    if (vma.mapping === null) anon += residency.pss * KIB;
    else if (vma.mapping.isShmem) shmem += residency.pss * KIB;
    else file += residency.pss * KIB;
  }
  const range = `${hex(first.start * FRAME_SIZE, 8)}-${hex(last.end * FRAME_SIZE, 8)} ---p 00000000 00:00 0 `;
  const [rss = '', pss = '', pssDirty = '', ...rest] = residencyText(sum, locked).split('\n');
  const kinds = line('Pss_Anon', anon) + line('Pss_File', file) + line('Pss_Shmem', shmem);
  return `${range.padEnd(NAME_COLUMN)}[rollup]\n${rss}\n${pss}\n${pssDirty}\n${kinds}${rest.join('\n')}`;
}

/** Pages of the program's own code. */
function textPages(mm: Mm): number {
  const { startCode, endCode } = mm.layout;
  return Math.ceil(endCode / FRAME_SIZE) - Math.floor(startCode / FRAME_SIZE);
}

/** /proc/[pid]/statm. */
export function statmText(mm: Mm): string {
  const { total, resident, file, shmem, data, stack } = mm.counts;
  return `${total} ${resident} ${file + shmem} ${textPages(mm)} 0 ${data + stack} 0\n`;
}

/** The Vm and Rss lines of /proc/[pid]/status. Linux: task_mem. */
export function statusText(mm: Mm): string {
  const { counts } = mm;
  const text = Math.min(textPages(mm), counts.exec);
  const rows: readonly (readonly [string, number])[] = [
    ['VmPeak', counts.peakTotal],
    ['VmSize', counts.total],
    ['VmLck', counts.locked],
    ['VmPin', 0],
    ['VmHWM', counts.peakResident],
    ['VmRSS', counts.resident],
    ['RssAnon', counts.anon],
    ['RssFile', counts.file],
    ['RssShmem', counts.shmem],
    ['VmData', counts.data],
    ['VmStk', counts.stack],
    ['VmExe', text],
    ['VmLib', counts.exec - text],
    ['VmPTE', mm.tablePages],
    ['VmSwap', 0],
  ];
  return rows.map(([name, pages]) => `${name}:\t${String(pages * KIB).padStart(8)} kB\n`).join('');
}
