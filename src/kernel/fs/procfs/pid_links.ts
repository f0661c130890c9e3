/** Links of /proc/[pid] that lead to files past any name: exe, cwd, root, fd/N, ns/…. See proc_pid_fd(5), namespaces(7). */

import { ENAMETOOLONG, ENOENT, EPERM } from '../../../abi/errno.ts';
import { O_CLOEXEC, O_PATH, PATH_MAX } from '../../../abi/fcntl.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Vma } from '../../mm/vma.ts';
import { namespaceKinds } from '../../namespace/kinds.ts';
import type { Namespace } from '../../namespace/namespace.ts';
import { mayRestore } from '../../namespace/pid_namespace.ts';
import type { Task } from '../../task/task.ts';
import { describePath } from '../../vfs/d_path.ts';
import type { File } from '../../vfs/file.ts';
import type { Path } from '../../vfs/path.ts';
import { AnonymousInode, pathOfFile } from '../anon_inodes/anonymous.ts';
import { namespaceLabel } from '../nsfs/nsfs.ts';
import { directory, file, link, type ProcContext, type ProcDirectoryEntry, type ProcLinkEntry } from './entry.ts';
import { fdLocksText } from './locks.ts';

/** st_size of such a link. */
const LINK_SIZE = 64;

/** A place as the reader sees it. */
function pathText({ reader }: ProcContext, path: Path): string {
  return path.inode instanceof AnonymousInode ? path.inode.label : describePath(path, reader.fs!.root);
}

/** Where an open file is. */
export function placeText(context: ProcContext, opened: File): string {
  const path = pathOfFile(opened);
  return path === null ? '' : pathText(context, path);
}

/** What readlink(2) yields: a page at most. Linux: do_proc_readlink. */
const linkText = (text: string): string | number => (text.length >= PATH_MAX ? -ENAMETOOLONG : text);

/** A link to the path that `find` yields. */
export const pathLink = (find: (context: ProcContext) => Path | null): ProcLinkEntry =>
  link(
    (context) => {
      const path = find(context);
      return path === null ? -ENOENT : linkText(pathText(context, path));
    },
    (context) => find(context) ?? -ENOENT,
  );

const fileOf = ({ target, key }: ProcContext): File | null => target.files?.get(Number(key)) ?? null;
const isNumber = (name: string): boolean => /^(0|[1-9]\d{0,9})$/.test(name);

const fdLink = (mode: number): ProcLinkEntry =>
  link(
    (context) => {
      const opened = fileOf(context);
      return opened === null ? -ENOENT : linkText(placeText(context, opened));
    },
    (context) => {
      const opened = fileOf(context);
      return (opened === null ? null : pathOfFile(opened)) ?? -ENOENT;
    },
    mode,
    LINK_SIZE,
  );

/** By read and write access; descriptors that only name a file (O_PATH) have neither. */
const FD_LINKS: readonly ProcLinkEntry[] = [0, 0o500, 0o300, 0o700].map(fdLink);

const descriptors = ({ target }: ProcContext): string[] => (target.files === null ? [] : [...target.files.descriptors()].map(String));

export const fdDirectory: ProcDirectoryEntry = directory(
  {},
  {
    mode: 0o500,
    openToTarget: true,
    names: descriptors,
    child: (context, name) => {
      const opened = isNumber(name) ? fileOf({ ...context, key: name }) : null;
      if (opened === null) return null;
      return FD_LINKS[(opened.flags & O_PATH) !== 0 ? 0 : (opened.readable ? 1 : 0) + (opened.writable ? 2 : 0)]!;
    },
  },
);

/** The mapping that a name of map_files tells, exactly as it would be listed. Linux: dname_to_vma_addr, proc_map_files_lookup. */
function mappingOf({ target, key }: ProcContext): Vma | null {
  const match = /^(0|[1-9a-f][0-9a-f]*)-(0|[1-9a-f][0-9a-f]*)$/.exec(key);
  if (match === null || target.mm === null) return null;
  const start = Number.parseInt(match[1]!, 16) / FRAME_SIZE;
  const vma = target.mm.find(start);
  return vma !== null && vma.file !== null && vma.start === start && vma.end === Number.parseInt(match[2]!, 16) / FRAME_SIZE ? vma : null;
}

const mappingName = ({ start, end }: Vma): string => `${(start * FRAME_SIZE).toString(16)}-${(end * FRAME_SIZE).toString(16)}`;

/** Following it opens the file whoever could open it: only for who may restore processes. Linux: proc_map_files_get_link. */
const mapLink = (mode: number): ProcLinkEntry =>
  link(
    (context) => {
      const vma = mappingOf(context);
      return vma === null ? -ENOENT : placeText(context, vma.file!);
    },
    (context) => {
      const { reader, kernel } = context;
      if (!mayRestore(reader.cred, kernel.initialUserNs)) return -EPERM;
      const vma = mappingOf(context);
      return (vma === null ? null : pathOfFile(vma.file!)) ?? -ENOENT;
    },
    mode,
    LINK_SIZE,
  );

/** By read and write access. */
const MAP_LINKS: readonly ProcLinkEntry[] = [0, 0o400, 0o200, 0o600].map(mapLink);

/** /proc/[pid]/map_files: the files that are mapped, by the addresses. See proc_pid_map_files(5). */
export const mapFilesDirectory: ProcDirectoryEntry = directory(
  {},
  {
    mode: 0o500,
    inspects: true,
    names: ({ target }) => [...(target.mm?.vmas ?? [])].filter((vma) => vma.file !== null).map(mappingName),
    child: (context, name) => {
      const vma = mappingOf({ ...context, key: name });
      return vma === null ? null : MAP_LINKS[(vma.file!.readable ? 1 : 0) + (vma.file!.writable ? 2 : 0)]!;
    },
  },
);

/** Linux: seq_show in fs/proc/fd.c. */
function fdinfo(context: ProcContext): string | number {
  const opened = fileOf(context);
  const { files } = context.target;
  if (opened === null || files === null) return -ENOENT;
  const flags = opened.flags | (files.isCloseOnExec(Number(context.key)) ? O_CLOEXEC : 0);
  const mount = pathOfFile(opened)?.mount.id ?? 0;
  const namespace = context.sb.pidNamespace;
  const locks = fdLocksText(opened, files, namespace);
  return `pos:\t${opened.pos}\nflags:\t0${(flags >>> 0).toString(8)}\nmnt_id:\t${mount}\nino:\t${opened.inode.ino}\n${locks}${opened.fdinfo(namespace)}`;
}

const fdinfoFile = file(0o444, fdinfo, null, { inspects: true });

export const fdinfoDirectory: ProcDirectoryEntry = directory(
  {},
  {
    inspects: true,
    openToTarget: true,
    names: descriptors,
    child: (context, name) => (isNumber(name) && fileOf({ ...context, key: name }) !== null ? fdinfoFile : null),
  },
);

/** A link to a namespace; it leads nowhere when the task has left its namespaces, or the namespace has no init yet. */
const namespaceLink = (of: (target: Task) => Namespace | null, afterExit = false): ProcLinkEntry => {
  const find = ({ target }: ProcContext): Namespace | null => (target.state === 'Z' && !afterExit ? null : of(target));
  return link(
    (context) => {
      const namespace = find(context);
      return namespace === null ? -ENOENT : namespaceLabel(namespace);
    },
    (context) => {
      const namespace = find(context);
      return namespace === null ? -ENOENT : context.kernel.nsfs.path(namespace);
    },
  );
};

/** Linux: pidns_for_children_get. */
function pidForChildren({ nsproxy }: Task): Namespace | null {
  const { pidForChildren: ns } = nsproxy;
  return ns.init === null && !ns.dead ? null : ns;
}

/** /proc/[pid]/ns. */
export const nsDirectory: ProcDirectoryEntry = directory(
  Object.fromEntries(
    [
      ...namespaceKinds.map((kind): [string, ProcLinkEntry] => [
        kind.name,
        namespaceLink(kind.of, kind.field === null || kind.field === 'pidForChildren'),
      ]),
      ['pid_for_children', namespaceLink(pidForChildren)] as [string, ProcLinkEntry],
      ['time_for_children', namespaceLink(({ nsproxy }) => nsproxy.timeForChildren)] as [string, ProcLinkEntry],
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  ),
  { mode: 0o511 },
);
