/** What a process does about each signal. Linux: struct sighand_struct. See sigaction(2). */

import { NSIG, SA_NODEFER, SIG_DFL, SIG_IGN, SIGKILL, SIGSTOP } from '../../abi/signal.ts';

/** Immutable, replaced as a whole. Linux: struct k_sigaction. */
export interface SigAction {
  /** The address of the handler, SIG_DFL or SIG_IGN. */
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  /** Signals blocked while the handler runs. */
  readonly mask: bigint;
}

export const DEFAULT_ACTION: SigAction = { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };

export class Sighand {
  /** Processes that share it (CLONE_SIGHAND). */
  users = 1;
  /** By signal number; entry 0 is not used. */
  private actions: SigAction[] = new Array<SigAction>(NSIG + 1).fill(DEFAULT_ACTION);

  get(signo: number): SigAction {
    return this.actions[signo]!;
  }

  set(signo: number, action: SigAction): void {
    this.actions[signo] = action;
  }

  /** A copy for a new process. */
  copy(): Sighand {
    const copy = new Sighand();
    copy.actions = [...this.actions];
    return copy;
  }

  /** After execve(2) handlers are gone, ignored signals stay ignored; `all` resets those too (CLONE_CLEAR_SIGHAND resets like execve). */
  resetHandlers(all: boolean): void {
    for (let signo = 1; signo <= NSIG; signo++) {
      const { handler } = this.actions[signo]!;
      this.actions[signo] = handler === SIG_IGN && !all ? { ...DEFAULT_ACTION, handler: SIG_IGN } : DEFAULT_ACTION;
    }
  }

  /** Signals to block while a handler of `signo` runs. */
  maskDuring(signo: number, bit: bigint): bigint {
    const { mask, flags } = this.actions[signo]!;
    return (flags & SA_NODEFER) !== 0 ? mask : mask | bit;
  }
}

/** SIGKILL and SIGSTOP cannot be caught, blocked or ignored. Linux: sig_kernel_only. */
export const unstoppable = (signo: number): boolean => signo === SIGKILL || signo === SIGSTOP;
