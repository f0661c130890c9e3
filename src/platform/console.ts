/** A terminal or a byte stream of the host that a guest's tty or pipe is bound to by name. */

export interface Console {
  /**
   * Bytes from the guest. Returns how many were taken; 0 means "full": `kernel.consoleReady(name)` follows when there is room;
   * -1 that nobody reads any more.
   */
  write(bytes: Uint8Array): number;
}
