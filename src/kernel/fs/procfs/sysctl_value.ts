/** The values that are written to kernel parameters. Linux: proc_get_long in kernel/sysctl.c. */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { ProcContext } from './entry.ts';

/** The integers of a write: null if something else is in it. Decimal, octal (0…) and hexadecimal (0x…). Linux: proc_get_long. */
export function parseIntegers(text: string): bigint[] | null {
  const values: bigint[] = [];
  for (const word of text.split(/[ \t\n]+/)) {
    if (word === '') continue;
    const match = /^(-?)(0x[0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.exec(word);
    if (match === null) return null;
    const digits = match[2]!;
    const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
    values.push(match[1] === '-' ? -value : value);
  }
  return values;
}

/** Who may change a parameter: the superuser of the namespace it belongs to. */
export const mayChange = ({ reader }: ProcContext, owner: UserNamespace): boolean => reader.cred.capable(CAP_SYS_ADMIN, owner);
