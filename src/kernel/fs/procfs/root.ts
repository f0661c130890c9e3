/** The top of /proc: one row an entry. See proc(5). */

import type { Pid } from '../../task/pid.ts';
import { constant, directory, file, idIn, link, type ProcContext, type ProcDirectoryEntry } from './entry.ts';
import { kcoreSize, openKcore } from './kcore_file.ts';
import { keysText, keyUsers } from './keys.ts';
import { openKmsg } from './kmsg_file.ts';
import { locksText } from './locks.ts';
import { cgroups, cpuinfo, devices, fileSystems, loadavg, meminfo, stat, ttyDrivers, uptime, version, vmstat } from './machine_files.ts';
import { pidDirectory, selfLink, threadSelfLink } from './pid.ts';
import { sysctl } from './sysctl.ts';
import { sysvipc } from './sysvipc.ts';

/** The thread called `name` in the namespace of the mount. Threads can be reached though only processes are listed. */
function pidOf({ sb }: ProcContext, name: string): Pid | null {
  if (!/^[1-9]\d{0,9}$/.test(name)) return null;
  const pid = sb.pidNamespace.find(Number(name));
  return pid?.task == null ? null : pid;
}

const ofSelf = (name: string): ReturnType<typeof link> => link(() => `self/${name}`, null, 0o777, `self/${name}`.length);

export const procRoot: ProcDirectoryEntry = directory(
  {
    cgroups: file(0o444, cgroups),
    bus: directory({}),
    cmdline: constant('\n'),
    cpuinfo: file(0o444, cpuinfo),
    devices: file(0o444, devices),
    diskstats: constant(''),
    driver: directory({}),
    filesystems: file(0o444, fileSystems),
    fs: directory({}),
    kcore: file(0o400, null, null, { open: openKcore, size: kcoreSize }),
    'key-users': file(0o444, keyUsers),
    keys: file(0o444, keysText),
    kmsg: file(0o400, null, null, { open: openKmsg }),
    loadavg: file(0o444, loadavg),
    locks: file(0o444, locksText),
    meminfo: file(0o444, meminfo),
    mounts: ofSelf('mounts'),
    net: ofSelf('net'),
    partitions: constant('major minor  #blocks  name\n\n'),
    self: selfLink,
    stat: file(0o444, stat),
    swaps: constant('Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    sys: sysctl,
    sysvipc,
    'thread-self': threadSelfLink,
    tty: directory({ drivers: file(0o444, ttyDrivers), ldiscs: constant('n_tty       0\n') }),
    uptime: file(0o444, uptime),
    version: file(0o444, version),
    vmstat: file(0o444, vmstat),
  },
  {
    names: (context) =>
      context.sb.pidNamespace
        .list()
        .filter(({ task }) => task !== null && task.group.leader === task)
        .map((pid) => String(idIn(context, pid))),
    child: (context, name) => (pidOf(context, name) === null ? null : pidDirectory),
    ofTasks: pidOf,
  },
);
