/** Booting: a kernel with its file systems and devices, its first namespaces and the runtime task from which containers come. */

import { isErrno } from '../../abi/errno.ts';
import type { Platform } from '../../platform/platform.ts';
import { registerDevices } from '../device/register.ts';
import { registerFileSystems } from '../fs/register.ts';
import { Kernel, type KernelOptions } from '../kernel.ts';
import { NO_KEYRINGS } from '../keys/key.ts';
import { CgroupNamespace } from '../namespace/cgroup_namespace.ts';
import { IpcNamespace } from '../namespace/ipc_namespace.ts';
import { NetNamespace } from '../namespace/net_namespace.ts';
import { NsProxy } from '../namespace/nsproxy.ts';
import { TimeNamespace } from '../namespace/time_namespace.ts';
import { UtsNamespace } from '../namespace/uts_namespace.ts';
import { Panic } from '../panic.ts';
import { Sighand } from '../signal/sighand.ts';
import { CAP_FULL, Cred } from '../task/cred.ts';
import { initialRlimits } from '../task/rlimits.ts';
import type { Task } from '../task/task.ts';
import { createFirstTask } from '../task/task_clone.ts';
import { ThreadGroup } from '../task/thread_group.ts';
import { FdTable } from '../vfs/fd_table.ts';
import { FsContext } from '../vfs/fs_context.ts';
import { Mount } from '../vfs/mount.ts';
import { attachRoot } from '../vfs/mount_tree.ts';
import { Path } from '../vfs/path.ts';

/** Inode numbers of the first namespaces. Linux: include/linux/proc_ns.h. */
const PROC_IPC_INIT_INO = 0xefffffff;
const PROC_UTS_INIT_INO = 0xeffffffe;
const PROC_CGROUP_INIT_INO = 0xeffffffb;
const PROC_TIME_INIT_INO = 0xeffffffa;

export type { KernelOptions };

/** Boot. */
export function createKernel(platform: Platform, options: KernelOptions = {}): Kernel {
  const kernel = new Kernel(platform, options);
  registerFileSystems(kernel);
  registerDevices(kernel);
  const owner = kernel.initialUserNs;
  const net = new NetNamespace(kernel, kernel.namespaceNumbers.allocate(), owner);
  const mnt = kernel.vfs.createMountNamespace(kernel.namespaceNumbers.allocate(), owner);
  const time = new TimeNamespace(PROC_TIME_INIT_INO, owner);
  time.frozen = true;
  const nsproxy = new NsProxy({
    uts: new UtsNamespace(PROC_UTS_INIT_INO, owner, 'holm', '(none)'),
    ipc: new IpcNamespace(PROC_IPC_INIT_INO, owner, 0, 0),
    mnt,
    net,
    cgroup: new CgroupNamespace(PROC_CGROUP_INIT_INO, owner, kernel.rootCgroup),
    time,
    timeForChildren: time,
    pidForChildren: kernel.initialPidNs,
  });
  const pid = kernel.initialPidNs.allocate();
  if (isErrno(pid)) throw new Panic('no pid for the first task');
  const task = createFirstTask(
    pid,
    nsproxy,
    rootCred(kernel),
    new ThreadGroup(new Sighand(), null, initialRlimits(), kernel.rootCgroup),
    kernel,
  );
  kernel.firstTask = task;
  // As on Linux nobody sees the lowest mount, so that pivot_root(2) can exchange the one on it.
  const rootfs = rootMount(kernel, task);
  const root = rootMount(kernel, task);
  root.attach(rootfs, rootfs.root);
  attachRoot(mnt, rootfs);
  const path = new Path(root, root.root);
  task.fs = new FsContext(path, path);
  task.fs.umask = 0;
  task.files = new FdTable(kernel, task.group.cgroup.memory);
  return kernel;
}

function rootMount(kernel: Kernel, task: Task): Mount {
  const sb = kernel.fileSystems.get('tmpfs')!.mount(kernel, task, 'rootfs', 0, 'mode=755');
  if (isErrno(sb)) throw new Panic('cannot mount rootfs');
  return new Mount(sb, sb.root, 'rootfs', 0);
}

const rootCred = (kernel: Kernel): Cred =>
  new Cred({
    uid: 0,
    euid: 0,
    suid: 0,
    fsuid: 0,
    gid: 0,
    egid: 0,
    sgid: 0,
    fsgid: 0,
    groups: [],
    inheritable: 0n,
    permitted: CAP_FULL,
    effective: CAP_FULL,
    bounding: CAP_FULL,
    ambient: 0n,
    securebits: 0,
    noNewPrivs: false,
    userNs: kernel.initialUserNs,
    keyrings: NO_KEYRINGS,
  });
