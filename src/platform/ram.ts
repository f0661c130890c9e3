/** Physical memory: one linear memory divided into 4 KiB frames. */

export const FRAME_SHIFT = 12;
export const FRAME_SIZE = 4096;

/** Typed views of the whole memory. Growth replaces all of them at once: never keep one across a call that may allocate. */
export interface RamViews {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly data: DataView;
}

export interface Ram {
  /** The current views. */
  readonly views: RamViews;
  /** The first frame number that the kernel may use; those below belong to the machine. */
  readonly firstFrame: number;
  /** Frames from `holeFrame` up to `holeEnd` are the machine's, too; those from there on exist when it needs them, or when the kernel asks for more. */
  readonly holeFrame: number;
  readonly holeEnd: number;
  /** One past the last frame number that exists now. */
  readonly endFrame: number;
  /** One past the last frame number that can ever exist. */
  readonly maxFrame: number;
  /** Makes at least `frames` more frames exist for the kernel, all zero; false when the host refuses. Replaces `views`. */
  grow(frames: number): boolean;
}
