/** The one thing that is thrown in the kernel: a bug in it. */

export class Panic extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Panic';
  }
}
