/** Copying argv and envp in. See execve(2), Limits on size of arguments and environment; Linux: fs/exec.c. */

import { E2BIG, EFAULT, ENAMETOOLONG, isErrno } from '../../abi/errno.ts';
import type { Mm } from '../mm/mm.ts';

/** A string with its NUL may be as long as this. */
const MAX_ARG_STRLEN = 131072;
const MAX_ARG_STRINGS = 0x7fffffff;
/** Three quarters of _STK_LIM. */
const MAX_TOTAL = 6 * 1024 * 1024;
const ARG_MAX = 131072;

export interface ExecArgs {
  readonly args: string[];
  readonly env: string[];
}

/** Both vectors, checked against the limits: or -EFAULT, -E2BIG, NOT_RESIDENT. `stackLimit` is RLIMIT_STACK. */
export function copyArgs(mm: Mm, argv: number, envp: number, filename: string, stackLimit: number): ExecArgs | number {
  const argPointers = readPointers(mm, argv);
  if (isErrno(argPointers)) return argPointers;
  const envPointers = readPointers(mm, envp);
  if (isErrno(envPointers)) return envPointers;
  const refused = checkArgs(Math.max(argPointers.length, 1) + envPointers.length, stackLimit);
  if (refused < 0) return refused;
  let left = argBytes(argPointers.length, envPointers.length, stackLimit) - filename.length - 1;
  const copy = (pointers: readonly number[]): string[] | number => {
    const strings: string[] = [];
    for (const pointer of pointers) {
      const text = mm.readString(pointer, MAX_ARG_STRLEN - 1);
      if (isErrno(text)) return text === -ENAMETOOLONG ? -E2BIG : text;
      left -= text.length + 1;
      if (left < 0) return -E2BIG;
      strings.push(text);
    }
    return strings;
  };
  const env = copy(envPointers);
  if (isErrno(env)) return env;
  const args = copy(argPointers);
  if (isErrno(args)) return args;
  if (args.length === 0) args.push('');
  return { args, env };
}

/** Bytes that strings may take. Linux: bprm_stack_limits. */
function argBytes(args: number, env: number, stackLimit: number): number {
  return Math.max(ARG_MAX, Math.min(MAX_TOTAL, Math.floor(stackLimit / 4))) - (Math.max(args, 1) + env) * 8;
}

const checkArgs = (count: number, stackLimit: number): number => (argBytes(count, 0, stackLimit) <= 0 ? -E2BIG : 0);

/** The pointers up to the null one; a null vector is empty. Linux: count. */
function readPointers(mm: Mm, address: number): number[] | number {
  const pointers: number[] = [];
  if (address === 0) return pointers;
  for (let at = address; pointers.length < MAX_ARG_STRINGS; at += 8) {
    const pointer = mm.readUlong(at);
    if (pointer < 0) return pointer;
    if (pointer === 0) return pointers;
    pointers.push(pointer);
    if (pointers.length * 8 > MAX_TOTAL) return -E2BIG;
  }
  return -EFAULT;
}
