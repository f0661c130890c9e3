/** How far a pull or load has come. */

export interface Progress {
  /** What is being done, in a word or two: the same text for all events of one phase. */
  readonly phase: string;
  readonly done: number;
  /** 0 while it is not known. */
  readonly total: number;
  readonly unit: 'bytes' | 'packages' | 'layers' | 'files';
}

export type ProgressListener = (progress: Progress) => void;

export const silent: ProgressListener = () => undefined;
