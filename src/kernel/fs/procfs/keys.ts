/** /proc/keys and /proc/key-users: keys that the reader may view, and what users have of them. Linux: security/keys/proc.c. See keyrings(7). */

import { KEY_VIEW, type Key } from '../../keys/key.ts';
import { searchOwn } from '../../keys/process_keys.ts';
import type { ProcContext } from './entry.ts';

/** How long until a time, in the largest unit that fits. */
function timeout(expiry: number, now: number): string {
  if (expiry === Number.POSITIVE_INFINITY) return 'perm';
  const left = expiry - now;
  if (left <= 0) return 'expd';
  if (left < 60) return `${left}s`;
  if (left < 3600) return `${Math.floor(left / 60)}m`;
  if (left < 86400) return `${Math.floor(left / 3600)}h`;
  if (left < 604800) return `${Math.floor(left / 86400)}d`;
  return `${Math.floor(left / 604800)}w`;
}

function summary(key: Key): string {
  const { description, links, payload } = key;
  if (key.state !== 'valid') return description;
  if (links !== null) return `${description}: ${links.size === 0 ? 'empty' : links.size}`;
  return `${description}: ${payload.length}`;
}

export function keysText({ kernel, reader }: ProcContext): string {
  const { userNs } = reader.cred;
  const now = kernel.now().seconds;
  kernel.keys.sweep();
  const uses = new Map<Key, number>();
  for (const { links } of kernel.keys.keys.values()) for (const key of links?.values() ?? []) uses.set(key, (uses.get(key) ?? 0) + 1);
  let text = '';
  for (const key of kernel.keys.keys.values()) {
    if (!userNs.hasUid(key.uid)) continue;
    const possessed = typeof searchOwn(reader, (other) => other === key, true) !== 'number';
    if (!key.grants(reader.cred, possessed, KEY_VIEW)) continue;
    const state = `I${key.state === 'revoked' ? 'R' : '-'}-${key.counted ? 'Q' : '-'}--${key.state === 'invalidated' ? 'i' : '-'}`;
    const serial = key.serial.toString(16).padStart(8, '0');
    const count = String((uses.get(key) ?? 0) + 1).padStart(5);
    const permissions = (key.permissions >>> 0).toString(16).padStart(8, '0');
    const ids = [userNs.uid(key.uid), userNs.gid(key.gid)].map((id) => String(id).padStart(5)).join(' ');
    const type = key.type.slice(0, 9).padEnd(9);
    text += `${serial} ${state} ${count} ${timeout(key.expiry, now).padStart(4)} ${permissions} ${ids} ${type} ${summary(key)}\n`;
  }
  return text;
}

export function keyUsers({ kernel, reader }: ProcContext): string {
  const { userNs } = reader.cred;
  const { limits, users } = kernel.keys;
  kernel.keys.sweep();
  let text = '';
  for (const [uid, { keys, counted, bytes }] of users) {
    if (!userNs.hasUid(uid)) continue;
    const [maxKeys, maxBytes] = uid === 0 ? [limits.root_maxkeys, limits.root_maxbytes] : [limits.maxkeys, limits.maxbytes];
    const columns = [`${keys}`.padStart(5), `${keys}/${keys}`, `${counted}/${maxKeys}`, `${bytes}/${maxBytes}`];
    text += `${String(userNs.uid(uid)).padStart(5)}: ${columns.join(' ')}\n`;
  }
  return text;
}
