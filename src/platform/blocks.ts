/** Read-only content addressed by name and offset: layer blobs and files of a host folder. */

/** The data is still on its way; the platform calls the kernel when it has come. */
export const NOT_RESIDENT = -4097;

export interface BlockStore {
  /** Copy bytes of blob `id` from `offset` into `target`; returns the number copied, a negative errno, or NOT_RESIDENT. */
  read(id: string, offset: number, target: Uint8Array): number;
}
