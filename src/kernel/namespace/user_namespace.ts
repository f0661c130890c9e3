/** User namespaces. See user_namespaces(7). */

export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Ids inside the namespace and their meaning in the parent, which `uidMap` has already resolved to initial ids. */
export class UserNamespace {
  readonly kind = 'user';
  readonly inode: number;
  readonly parent: UserNamespace | null;
  readonly level: number;
  readonly ownerUid: number;
  readonly ownerGid: number;
  uidMap: readonly IdRange[] = [];
  gidMap: readonly IdRange[] = [];

  constructor(inode: number, parent: UserNamespace | null, ownerUid: number, ownerGid: number) {
    this.inode = inode;
    this.parent = parent;
    this.level = parent === null ? 0 : parent.level + 1;
    this.ownerUid = ownerUid;
    this.ownerGid = ownerGid;
  }
}
