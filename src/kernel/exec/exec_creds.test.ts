import { describe, expect, it } from 'vitest';
import { NO_KEYRINGS } from '../keys/key.ts';
import { initialUserNamespace, UserNamespace } from '../namespace/user_namespace.ts';
import { CAP_FULL, Cred } from '../task/cred.ts';
import { type ExecSubject, execCreds } from './exec_creds.ts';

const root = initialUserNamespace(1);
const NET_RAW = 1n << 13n;

function cred(uid: number, permitted: bigint, changes: Partial<ConstructorParameters<typeof Cred>[0]> = {}): Cred {
  const ids = { uid, euid: uid, suid: uid, fsuid: uid, gid: uid, egid: uid, sgid: uid, fsgid: uid };
  const sets = { inheritable: 0n, permitted, effective: permitted, bounding: CAP_FULL, ambient: 0n };
  return new Cred({ ...ids, ...sets, groups: [], securebits: 0, noNewPrivs: false, userNs: root, keyrings: NO_KEYRINGS, ...changes });
}

const plain: ExecSubject = { mode: 0o755, uid: 0, gid: 0, capability: null, maySuid: true, owner: root, unsafe: false };

function capability(revision: number, permitted: number, inheritable: number, effective: boolean, rootid = 0): Uint8Array {
  const size = revision === 1 ? 12 : revision === 2 ? 20 : 24;
  const data = new DataView(new ArrayBuffer(size));
  data.setUint32(0, (revision << 24) | (effective ? 1 : 0), true);
  data.setUint32(4, permitted, true);
  data.setUint32(8, inheritable, true);
  if (revision === 3) data.setUint32(20, rootid, true);
  return new Uint8Array(data.buffer);
}

const result = (old: Cred, subject: Partial<ExecSubject>) => {
  const creds = execCreds(old, { ...plain, ...subject });
  if (typeof creds === 'number') return creds;
  const { uid, euid, suid, fsuid, egid, permitted, effective, ambient } = creds.cred.fields;
  return { uid, euid, suid, fsuid, egid, permitted, effective, ambient, secure: creds.secure };
};

describe('execCreds', () => {
  it('gives root everything and others nothing', () => {
    expect(result(cred(0, CAP_FULL), {})).toMatchObject({ euid: 0, permitted: CAP_FULL, effective: CAP_FULL, secure: false });
    expect(result(cred(1000, CAP_FULL), {})).toMatchObject({ euid: 1000, permitted: 0n, effective: 0n, secure: false });
    expect(result(cred(0, CAP_FULL, { bounding: NET_RAW }), {})).toMatchObject({ permitted: NET_RAW });
    expect(result(cred(0, CAP_FULL, { securebits: 1 }), {})).toMatchObject({ permitted: 0n });
  });

  it('honours set-user-ID and set-group-ID', () => {
    expect(result(cred(1000, 0n), { mode: 0o4755 })).toEqual({
      uid: 1000,
      euid: 0,
      suid: 0,
      fsuid: 0,
      egid: 1000,
      permitted: CAP_FULL,
      effective: CAP_FULL,
      ambient: 0n,
      secure: true,
    });
    expect(result(cred(1000, 0n), { mode: 0o2755, gid: 5 })).toMatchObject({ euid: 1000, egid: 5, secure: true });
    expect(result(cred(1000, 0n), { mode: 0o2745, gid: 5 })).toMatchObject({ egid: 1000, secure: false });
    expect(result(cred(1000, 0n), { mode: 0o4755, maySuid: false })).toMatchObject({ euid: 1000, secure: false });
    expect(result(cred(1000, 0n, { noNewPrivs: true }), { mode: 0o4755 })).toMatchObject({ euid: 1000, secure: false });
    expect(result(cred(1000, 0n), { mode: 0o4755, unsafe: true })).toMatchObject({ euid: 1000, permitted: 0n });
  });

  it('honours file capabilities', () => {
    const subject = { capability: capability(2, 1 << 13, 0, true) };
    expect(result(cred(1000, 0n), subject)).toMatchObject({ permitted: NET_RAW, effective: NET_RAW, secure: true });
    expect(result(cred(1000, 0n, { bounding: 0n }), subject)).toBe(-1);
    expect(result(cred(1000, 0n, { noNewPrivs: true }), subject)).toMatchObject({ permitted: 0n });
    expect(result(cred(1000, 0n), { capability: capability(2, 1 << 13, 0, false) })).toMatchObject({ permitted: NET_RAW, effective: 0n });
    expect(result(cred(1000, 0n), { capability: capability(3, 1 << 13, 0, true, 77) })).toMatchObject({ permitted: 0n });
    expect(result(cred(1000, 0n), { capability: new Uint8Array(7) })).toBe(-22);
    const inherits = cred(1000, NET_RAW, { inheritable: NET_RAW });
    expect(result(inherits, { capability: capability(2, 0, 1 << 13, true) })).toMatchObject({ permitted: NET_RAW, effective: NET_RAW });
  });

  it('keeps ambient capabilities for ordinary programs only', () => {
    const ambient = cred(1000, NET_RAW, { inheritable: NET_RAW, ambient: NET_RAW });
    expect(result(ambient, {})).toMatchObject({ permitted: NET_RAW, effective: NET_RAW, ambient: NET_RAW, secure: false });
    expect(result(ambient, { mode: 0o4755, uid: 7 })).toMatchObject({ euid: 7, permitted: 0n, ambient: 0n });
  });

  it('knows the root of a user namespace', () => {
    const inner = new UserNamespace(2, root, 1000, 1000);
    inner.uidMap = [{ inside: 0, outside: 1000, count: 1 }];
    expect(result(cred(1000, 0n, { userNs: inner }), {})).toMatchObject({ permitted: CAP_FULL, secure: false });
    expect(result(cred(1000, 0n, { userNs: inner }), { capability: capability(3, 1 << 13, 0, true, 1000) })).toMatchObject({
      permitted: NET_RAW | CAP_FULL,
    });
  });
});
