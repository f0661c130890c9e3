/** Where indirect jumps and calls went when the interpreter was seen at their targets: guesses, which translated code tries first. */

/** What is kept of a jump, and how many guesses are made. */
const MOST_TARGETS = 16;
const MOST_GUESSES = 8;

/** Jumps of which anything is kept; when there are more, what is known is given up. */
const MOST_JUMPS = 1 << 14;

/** A guess has at least this part of a jump's samples. */
const LEAST_SHARE = 1 / 16;

/** Samples by target. */
type Seen = Map<number, number>;

export class JumpTargets {
  /** By the jump's frame and the index of its word. */
  private readonly jumps = new Map<number, Map<number, Seen>>();
  /** How many they are. */
  private size = 0;

  /** Whether the target is new. */
  add(frame: number, index: number, target: number): boolean {
    if (this.size === MOST_JUMPS) this.clear();
    let jumps = this.jumps.get(frame);
    if (jumps === undefined) {
      jumps = new Map();
      this.jumps.set(frame, jumps);
    }
    let seen = jumps.get(index);
    if (seen === undefined) {
      seen = new Map();
      jumps.set(index, seen);
      this.size += 1;
    }
    const count = seen.get(target);
    if (count === undefined && seen.size === MOST_TARGETS) return false;
    seen.set(target, (count ?? 0) + 1);
    return count === undefined;
  }

  /** The most frequent ones first. */
  guesses(frame: number, index: number): readonly number[] {
    const seen = this.jumps.get(frame)?.get(index);
    if (seen === undefined) return [];
    let all = 0;
    for (const count of seen.values()) all += count;
    const likely = [...seen].filter(([, count]) => count >= all * LEAST_SHARE).sort(([, a], [, b]) => b - a);
    return likely.slice(0, MOST_GUESSES).map(([target]) => target);
  }

  /** The frame's contents have changed. */
  forget(frame: number): void {
    this.size -= this.jumps.get(frame)?.size ?? 0;
    this.jumps.delete(frame);
  }

  clear(): void {
    this.jumps.clear();
    this.size = 0;
  }
}
