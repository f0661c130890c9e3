/** memfd_create. */

import { EACCES, EFAULT, EINVAL, ENAMETOOLONG, ENOSYS, isErrno } from '../../abi/errno.ts';
import { F_SEAL_EXEC, F_SEAL_SEAL, O_CLOEXEC } from '../../abi/fcntl.ts';
import {
  MEMFD_NOEXEC_SCOPE_NOEXEC_ENFORCED,
  MEMFD_NOEXEC_SCOPE_NOEXEC_SEAL,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGETLB,
  MFD_NOEXEC_SEAL,
} from '../../abi/mman.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { createMemfd } from '../fs/tmpfs/memfd.ts';
import { flags, str } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

/** NAME_MAX without "memfd:". */
const MFD_NAME_MAX_LEN = 249;

const memfdCreate = defineSyscall('memfd_create', [str('name'), flags('flags')], (task, address, memfdFlags) => {
  if ((memfdFlags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC)) !== 0) return -EINVAL;
  if ((memfdFlags & MFD_NOEXEC_SEAL) !== 0 && (memfdFlags & MFD_EXEC) !== 0) return -EINVAL;
  const scope = task.pid.namespace.memfdNoexecScope;
  const unsaid = (memfdFlags & (MFD_EXEC | MFD_NOEXEC_SEAL)) === 0;
  const sealedExec = (memfdFlags & MFD_NOEXEC_SEAL) !== 0 || (unsaid && scope >= MEMFD_NOEXEC_SCOPE_NOEXEC_SEAL);
  if (!sealedExec && scope >= MEMFD_NOEXEC_SCOPE_NOEXEC_ENFORCED) return -EACCES;
  const name = task.mm!.readString(address, MFD_NAME_MAX_LEN);
  if (isErrno(name)) return name === -ENAMETOOLONG ? -EINVAL : name === NOT_RESIDENT ? name : -EFAULT;
  if ((memfdFlags & MFD_HUGETLB) !== 0) return -ENOSYS;
  const seals = sealedExec ? F_SEAL_EXEC : (memfdFlags & MFD_ALLOW_SEALING) !== 0 ? 0 : F_SEAL_SEAL;
  const file = createMemfd(task, name, sealedExec ? 0o666 : 0o777, seals);
  return isErrno(file) ? file : newFd(task, file, (memfdFlags & MFD_CLOEXEC) !== 0 ? O_CLOEXEC : 0);
});

export const memfdCalls: readonly Syscall[] = [partial(memfdCreate, 'MFD_HUGETLB: there are no huge pages, ENOSYS')];
