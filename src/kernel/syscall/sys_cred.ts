/** setuid and relatives, setgroups, capget, capset. Linux: kernel/sys.c, kernel/capability.c. See credentials(7), capabilities(7). */

import { CAP_SETGID, CAP_SETPCAP, CAP_SETUID, SECBIT_KEEP_CAPS, SECBIT_NO_SETUID_FIXUP } from '../../abi/capability.ts';
import { EFAULT, EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import { CAP_FULL, type Cred, type CredFields } from '../task/cred.ts';
import { commitCred } from '../task/cred_change.ts';
import type { Task } from '../task/task.ts';
import { int, ptr, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** (uid_t)-1: leave this id alone. */
const KEEP = 0xffffffff;
const NGROUPS_MAX = 65536;

/** Capabilities that follow the file-system user id. Linux: CAP_FS_MASK. */
const FS_CAPS: bigint = [0, 1, 2, 3, 4, 9, 27, 32].reduce((set, n) => set | (1n << BigInt(n)), 0n);

type Ids = { -readonly [K in keyof CredFields]?: CredFields[K] };

/** The capabilities after user ids have changed. Linux: cap_task_fix_setuid. */
function fixCapabilities(old: Cred, changes: Ids): Ids {
  const o = old.fields;
  const n = { ...o, ...changes };
  if ((o.securebits & SECBIT_NO_SETUID_FIXUP) !== 0) return changes;
  const root = old.userNs.kuid(0);
  const was = o.uid === root || o.euid === root || o.suid === root;
  const is = n.uid === root || n.euid === root || n.suid === root;
  let { permitted, effective, ambient } = n;
  if (was && !is) {
    if ((o.securebits & SECBIT_KEEP_CAPS) === 0) permitted = effective = 0n;
    ambient = 0n;
  }
  if (o.euid === root && n.euid !== root) effective = 0n;
  if (o.euid !== root && n.euid === root) effective = permitted;
  if (o.fsuid === root && n.fsuid !== root) effective &= ~FS_CAPS;
  if (o.fsuid !== root && n.fsuid === root) effective |= permitted & FS_CAPS;
  return { ...changes, permitted, effective, ambient };
}

function changeUids(task: Task, changes: Ids): number {
  commitCred(task, task.cred.with(fixCapabilities(task.cred, changes)));
  return 0;
}

function changeGids(task: Task, changes: Ids): number {
  commitCred(task, task.cred.with(changes));
  return 0;
}

/** Ids of the initial namespace for arguments, -EINVAL if one has no meaning; KEEP stays. */
function resolve(task: Task, kind: 'kuid' | 'kgid', ids: readonly number[]): number[] | number {
  const resolved = ids.map((id) => (id === KEEP ? KEEP : task.cred.userNs[kind](id)));
  return resolved.includes(-1) ? -EINVAL : resolved;
}

const setuid = defineSyscall('setuid', [uint('uid')], (task, id) => {
  const uid = task.cred.userNs.kuid(id);
  if (uid < 0) return -EINVAL;
  const { uid: real, suid } = task.cred.fields;
  if (task.cred.capable(CAP_SETUID, task.cred.userNs)) return changeUids(task, { uid, euid: uid, suid: uid, fsuid: uid });
  return uid === real || uid === suid ? changeUids(task, { euid: uid, fsuid: uid }) : -EPERM;
});

const setgid = defineSyscall('setgid', [uint('gid')], (task, id) => {
  const gid = task.cred.userNs.kgid(id);
  if (gid < 0) return -EINVAL;
  const { gid: real, sgid } = task.cred.fields;
  if (task.cred.capable(CAP_SETGID, task.cred.userNs)) return changeGids(task, { gid, egid: gid, sgid: gid, fsgid: gid });
  return gid === real || gid === sgid ? changeGids(task, { egid: gid, fsgid: gid }) : -EPERM;
});

const setreuid = defineSyscall('setreuid', [uint('ruid'), uint('euid')], (task, r, e) => {
  const ids = resolve(task, 'kuid', [r, e]);
  if (typeof ids === 'number') return ids;
  const [ruid, euid] = ids as [number, number];
  const o = task.cred.fields;
  if (!task.cred.capable(CAP_SETUID, task.cred.userNs)) {
    if (ruid !== KEEP && ruid !== o.uid && ruid !== o.euid) return -EPERM;
    if (euid !== KEEP && ![o.uid, o.euid, o.suid].includes(euid)) return -EPERM;
  }
  const next = { uid: ruid === KEEP ? o.uid : ruid, euid: euid === KEEP ? o.euid : euid };
  const setsSaved = ruid !== KEEP || (euid !== KEEP && euid !== o.uid);
  return changeUids(task, { ...next, suid: setsSaved ? next.euid : o.suid, fsuid: next.euid });
});

const setregid = defineSyscall('setregid', [uint('rgid'), uint('egid')], (task, r, e) => {
  const ids = resolve(task, 'kgid', [r, e]);
  if (typeof ids === 'number') return ids;
  const [rgid, egid] = ids as [number, number];
  const o = task.cred.fields;
  if (!task.cred.capable(CAP_SETGID, task.cred.userNs)) {
    if (rgid !== KEEP && rgid !== o.gid && rgid !== o.egid) return -EPERM;
    if (egid !== KEEP && ![o.gid, o.egid, o.sgid].includes(egid)) return -EPERM;
  }
  const next = { gid: rgid === KEEP ? o.gid : rgid, egid: egid === KEEP ? o.egid : egid };
  const setsSaved = rgid !== KEEP || (egid !== KEEP && egid !== o.gid);
  return changeGids(task, { ...next, sgid: setsSaved ? next.egid : o.sgid, fsgid: next.egid });
});

const setresuid = defineSyscall('setresuid', [uint('ruid'), uint('euid'), uint('suid')], (task, r, e, s) => {
  const ids = resolve(task, 'kuid', [r, e, s]);
  if (typeof ids === 'number') return ids;
  const o = task.cred.fields;
  const own = [o.uid, o.euid, o.suid];
  if (!task.cred.capable(CAP_SETUID, task.cred.userNs) && ids.some((id) => id !== KEEP && !own.includes(id))) return -EPERM;
  const [uid, euid, suid] = ids.map((id, i) => (id === KEEP ? own[i]! : id)) as [number, number, number];
  return changeUids(task, { uid, euid, suid, fsuid: euid });
});

const setresgid = defineSyscall('setresgid', [uint('rgid'), uint('egid'), uint('sgid')], (task, r, e, s) => {
  const ids = resolve(task, 'kgid', [r, e, s]);
  if (typeof ids === 'number') return ids;
  const o = task.cred.fields;
  const own = [o.gid, o.egid, o.sgid];
  if (!task.cred.capable(CAP_SETGID, task.cred.userNs) && ids.some((id) => id !== KEEP && !own.includes(id))) return -EPERM;
  const [gid, egid, sgid] = ids.map((id, i) => (id === KEEP ? own[i]! : id)) as [number, number, number];
  return changeGids(task, { gid, egid, sgid, fsgid: egid });
});

/** Never fails: it answers the id before. */
const setfsuid = defineSyscall('setfsuid', [uint('fsuid')], (task, id) => {
  const o = task.cred.fields;
  const old = task.cred.userNs.uid(o.fsuid);
  const fsuid = id === KEEP ? -1 : task.cred.userNs.kuid(id);
  if (fsuid < 0 || fsuid === o.fsuid) return old;
  if ([o.uid, o.euid, o.suid].includes(fsuid) || task.cred.capable(CAP_SETUID, task.cred.userNs)) changeUids(task, { fsuid });
  return old;
});

const setfsgid = defineSyscall('setfsgid', [uint('fsgid')], (task, id) => {
  const o = task.cred.fields;
  const old = task.cred.userNs.gid(o.fsgid);
  const fsgid = id === KEEP ? -1 : task.cred.userNs.kgid(id);
  if (fsgid < 0 || fsgid === o.fsgid) return old;
  if ([o.gid, o.egid, o.sgid].includes(fsgid) || task.cred.capable(CAP_SETGID, task.cred.userNs)) changeGids(task, { fsgid });
  return old;
});

const setgroups = defineSyscall('setgroups', [int('size'), ptr('list')], (task, count, list) => {
  const { userNs } = task.cred;
  if (userNs.gidMap.length === 0 || !userNs.setgroupsAllowed || !task.cred.capable(CAP_SETGID, userNs)) return -EPERM;
  if (count < 0 || count > NGROUPS_MAX) return -EINVAL;
  const bytes = task.mm!.copyIn(list, 4 * count);
  if (isErrno(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: count }, (_, i) => userNs.kgid(view.getUint32(4 * i, true)));
  if (groups.includes(-1)) return -EINVAL;
  return changeGids(task, { groups: groups.sort((a, b) => a - b) });
});

/** _LINUX_CAPABILITY_VERSION_1, _2 and _3, and the 32-bit words of each set. */
const VERSIONS: ReadonlyMap<number, number> = new Map([
  [0x19980330, 1],
  [0x20071026, 2],
  [0x20080522, 2],
]);
const PREFERRED = 0x20080522;

/** The header's version in words: 0 or -EINVAL with the preferred version written back. */
function readHeader(task: Task, header: number): { words: number; pid: number } | number {
  const version = task.mm!.readU32(header);
  if (version < 0) return version;
  const words = VERSIONS.get(version);
  if (words === undefined) return task.mm!.writeU32(header, PREFERRED) || -EINVAL;
  const pid = task.mm!.readU32(header + 4);
  return pid < 0 ? pid : { words, pid: pid | 0 };
}

const capget = defineSyscall('capget', [ptr('hdrp'), ptr('datap')], (task, header, data) => {
  const known = readHeader(task, header);
  if (typeof known === 'number') return data === 0 && known === -EINVAL ? 0 : known;
  if (known.pid < 0) return -EINVAL;
  const target = known.pid === 0 ? task : (task.pid.namespace.find(known.pid)?.task ?? null);
  if (target === null) return -ESRCH;
  if (data === 0) return -EFAULT;
  const { effective, permitted, inheritable } = target.cred.fields;
  const view = new DataView(new ArrayBuffer(12 * known.words));
  for (let i = 0; i < known.words; i++) {
    for (const [j, set] of [effective, permitted, inheritable].entries()) {
      view.setUint32(12 * i + 4 * j, Number((set >> BigInt(32 * i)) & 0xffffffffn), true);
    }
  }
  return task.mm!.copyOut(data, new Uint8Array(view.buffer));
});

const capset = defineSyscall('capset', [ptr('hdrp'), ptr('datap')], (task, header, data) => {
  const known = readHeader(task, header);
  if (typeof known === 'number') return known;
  if (known.pid !== 0 && known.pid !== task.pid.in(task.pid.namespace)) return -EPERM;
  const bytes = task.mm!.copyIn(data, 12 * known.words);
  if (isErrno(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sets = [0n, 0n, 0n];
  for (let i = 0; i < known.words; i++) {
    for (let j = 0; j < 3; j++) sets[j]! |= BigInt(view.getUint32(12 * i + 4 * j, true)) << BigInt(32 * i);
  }
  const [effective, permitted, inheritable] = sets.map((set) => set & CAP_FULL) as [bigint, bigint, bigint];
  const o = task.cred.fields;
  if ((inheritable & ~(o.inheritable | o.permitted)) !== 0n && !task.cred.capable(CAP_SETPCAP, o.userNs)) return -EPERM;
  if ((inheritable & ~(o.inheritable | o.bounding)) !== 0n) return -EPERM;
  if ((permitted & ~o.permitted) !== 0n || (effective & ~permitted) !== 0n) return -EPERM;
  commitCred(task, task.cred.with({ effective, permitted, inheritable, ambient: o.ambient & permitted & inheritable }));
  return 0;
});

export const credCalls: readonly Syscall[] = [
  setuid,
  setgid,
  setreuid,
  setregid,
  setresuid,
  setresgid,
  setfsuid,
  setfsgid,
  setgroups,
  capget,
  capset,
];
