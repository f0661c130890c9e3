/** seccomp. Linux: kernel/seccomp.c, do_seccomp. See seccomp(2). */

import { EINVAL, EOPNOTSUPP } from '../../abi/errno.ts';
import * as s from '../../abi/seccomp.ts';
import { ACTIONS } from '../seccomp/seccomp_log.ts';
import { setModeFilter, setModeStrict } from '../seccomp/set_mode.ts';
import { flags, ptr, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const seccomp = defineSyscall('seccomp', [uint('operation'), flags('flags'), ptr('args')], (task, operation, flag, address) => {
  switch (operation) {
    case s.SECCOMP_SET_MODE_STRICT:
      return flag !== 0 || address !== 0 ? -EINVAL : setModeStrict(task);
    case s.SECCOMP_SET_MODE_FILTER:
      return setModeFilter(task, flag, address);
    case s.SECCOMP_GET_ACTION_AVAIL: {
      if (flag !== 0) return -EINVAL;
      const action = task.mm!.readU32(address);
      if (action < 0) return action;
      return ACTIONS.some(([, value]) => value === action) ? 0 : -EOPNOTSUPP;
    }
    case s.SECCOMP_GET_NOTIF_SIZES:
      if (flag !== 0) return -EINVAL;
      return task.mm!.copyOut(
        address,
        new Uint8Array(Uint16Array.of(s.SECCOMP_NOTIF_SIZE, s.SECCOMP_NOTIF_RESP_SIZE, s.SECCOMP_DATA_SIZE).buffer),
      );
    default:
      return -EINVAL;
  }
});

export const seccompCalls: readonly Syscall[] = [seccomp];
