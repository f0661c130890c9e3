/** Every key of the kernel, what each user has of them, and the sweep that ends those that nothing leads to. Linux: security/keys/key.c, gc.c. */

import { EDQUOT, ENOMEM } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { charge, PRICE_INODE, uncharge } from '../mm/price.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import { Key, type KeyRequest } from './key.ts';

/** New keys between two sweeps, at least. */
const MIN_PERIOD = 64;
const FIRST_SERIAL = 0x10000000;

/** What a user's keys come to. */
export interface KeyUser {
  keys: number;
  counted: number;
  bytes: number;
}

export class KeyTable {
  readonly keys: Map<number, Key> = new Map();
  /** By owner, an id of the initial user namespace. */
  readonly users: Map<number, KeyUser> = new Map();
  /** /proc/sys/kernel/keys: what an ordinary user and root may have. */
  readonly limits: { maxkeys: number; maxbytes: number; root_maxkeys: number; root_maxbytes: number } = {
    maxkeys: 200,
    maxbytes: 20000,
    root_maxkeys: 1000000,
    root_maxbytes: 25000000,
  };
  private readonly kernel: Kernel;
  private lastSerial = FIRST_SERIAL;
  private sinceSweep = 0;
  private sweeps = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  user(uid: number): KeyUser {
    let user = this.users.get(uid);
    if (user === undefined) {
      user = { keys: 0, counted: 0, bytes: 0 };
      this.users.set(uid, user);
    }
    return user;
  }

  /** Make a key: -EDQUOT when its owner has too many, -ENOMEM. Nothing leads to it yet. */
  create(task: Task, request: KeyRequest): Key | number {
    if (++this.sinceSweep > MIN_PERIOD + this.keys.size / 2) this.sweep();
    const payer = task.group.cgroup.memory;
    const key = new Key(this.lastSerial + 1, request, payer);
    if (request.counted && !this.fits(key.uid, 1, key.size)) {
      this.sweep();
      if (!this.fits(key.uid, 1, key.size)) return -EDQUOT;
    }
    if (!charge(this.kernel, payer, PRICE_INODE + key.payload.length)) return -ENOMEM;
    this.lastSerial++;
    this.keys.set(key.serial, key);
    this.account(key, key.uid, 1, key.size);
    return key;
  }

  private fits(uid: number, keys: number, bytes: number): boolean {
    const { counted, bytes: used } = this.user(uid);
    const { maxkeys, maxbytes, root_maxkeys, root_maxbytes } = this.limits;
    return counted + keys <= (uid === 0 ? root_maxkeys : maxkeys) && used + bytes <= (uid === 0 ? root_maxbytes : maxbytes);
  }

  private account(key: Key, uid: number, keys: number, bytes: number): void {
    const user = this.user(uid);
    user.keys += keys;
    if (key.counted) {
      user.counted += keys;
      user.bytes += bytes;
    }
    if (user.keys === 0) this.users.delete(uid);
  }

  /** Change something that counts: 0, or -EDQUOT or -ENOMEM without a change. */
  replacePayload(key: Key, payload: Uint8Array): number {
    const more = payload.length - key.payload.length;
    if (key.counted && more > 0 && !this.fits(key.uid, 0, more)) return -EDQUOT;
    if (more > 0 && !charge(this.kernel, key.payer, more)) return -ENOMEM;
    if (more < 0) uncharge(key.payer, -more);
    key.payload = payload;
    this.account(key, key.uid, 0, more);
    return 0;
  }

  /** Put `key` into `keyring`, in the place of one with the same type and description. */
  link(keyring: Key, key: Key): number {
    const links = keyring.links!;
    const before = links.size;
    for (const old of links.values()) {
      if (old.type === key.type && old.description === key.description) links.delete(old.serial);
    }
    if (keyring.counted && links.size >= before && !this.fits(keyring.uid, 0, 4)) return -EDQUOT;
    links.set(key.serial, key);
    this.account(keyring, keyring.uid, 0, 4 * (links.size - before));
    return 0;
  }

  unlink(keyring: Key, serial: number): boolean {
    if (!keyring.links!.delete(serial)) return false;
    this.account(keyring, keyring.uid, 0, -4);
    return true;
  }

  /** Give a key to another user: 0 or -EDQUOT. */
  chown(key: Key, uid: number): number {
    if (key.counted && !this.fits(uid, 1, key.size)) return -EDQUOT;
    this.account(key, key.uid, -1, -key.size);
    key.uid = uid;
    this.account(key, uid, 1, key.size);
    return 0;
  }

  /** End keys that no task, user or keyring has any more, and those that were invalidated. */
  sweep(): void {
    this.sinceSweep = 0;
    const mark = ++this.sweeps;
    const seen = new Set<UserNamespace>();
    for (const { task } of this.kernel.initialPidNs.list()) {
      if (task === null) continue;
      const { thread, process, session } = task.cred.fields.keyrings;
      for (const key of [thread, process, session]) this.reach(key, mark);
      for (let ns: UserNamespace | null = task.cred.userNs; ns !== null && !seen.has(ns); ns = ns.parent) {
        seen.add(ns);
        for (const { user, session: own } of ns.userKeyrings.values()) for (const key of [user, own]) this.reach(key, mark);
      }
    }
    for (const key of [...this.keys.values()]) if (key.mark !== mark) this.drop(key);
  }

  /** Mark what a key leads to. Invalidated keys fall out of their keyrings here. */
  private reach(start: Key | null, mark: number): void {
    const pending = start === null ? [] : [start];
    for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
      if (key.mark === mark) continue;
      key.mark = mark;
      for (const linked of [...(key.links?.values() ?? [])]) {
        if (linked.state === 'invalidated') this.unlink(key, linked.serial);
        else pending.push(linked);
      }
    }
  }

  private drop(key: Key): void {
    this.keys.delete(key.serial);
    this.account(key, key.uid, -1, -key.size);
    uncharge(key.payer, PRICE_INODE + key.payload.length);
  }
}
