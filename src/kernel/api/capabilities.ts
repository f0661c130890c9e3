/** Sets of capabilities by name, as container engines spell them. See capabilities(7). */

import * as capabilities from '../../abi/capability.ts';

const numbers: ReadonlyMap<string, number> = new Map(
  Object.entries(capabilities).filter(([name]) => name.startsWith('CAP_') && name !== 'CAP_LAST_CAP'),
);

const bit = (capability: number): bigint => 1n << BigInt(capability);

/** Every capability that there is. */
export const ALL_CAPABILITIES: bigint = bit(capabilities.CAP_LAST_CAP + 1) - 1n;

/** What docker gives to the root of a container. */
export const DEFAULT_CAPABILITIES: bigint = [
  capabilities.CAP_CHOWN,
  capabilities.CAP_DAC_OVERRIDE,
  capabilities.CAP_FOWNER,
  capabilities.CAP_FSETID,
  capabilities.CAP_KILL,
  capabilities.CAP_SETGID,
  capabilities.CAP_SETUID,
  capabilities.CAP_SETPCAP,
  capabilities.CAP_NET_BIND_SERVICE,
  capabilities.CAP_NET_RAW,
  capabilities.CAP_SYS_CHROOT,
  capabilities.CAP_MKNOD,
  capabilities.CAP_AUDIT_WRITE,
  capabilities.CAP_SETFCAP,
].reduce((set, capability) => set | bit(capability), 0n);

/** The mask of a capability, named with or without `CAP_`, or of `ALL`; null when there is none of that name. */
export function capabilityMask(name: string): bigint | null {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return ALL_CAPABILITIES;
  const number = numbers.get(upper.startsWith('CAP_') ? upper : `CAP_${upper}`);
  return number === undefined ? null : bit(number);
}
