/** What one real user has in use whatever user namespace it is in. Linux: struct user_struct. */

export class UserAccount {
  readonly uid: number;
  /** Open files on their way through Unix sockets. */
  inflightFiles = 0;

  constructor(uid: number) {
    this.uid = uid;
  }
}
