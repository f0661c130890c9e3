/** The last system calls of a container, kept as numbers and turned into text only when someone wants to see them. */

import { BLOCKED, type Task } from '../task/task.ts';

/** Entries kept. */
export const RING_SIZE = 50;
/** Words of one entry: thread id, number, result, sequence, and six registers of two words. */
const ENTRY = 16;
const RESULT = 2;
const REGISTERS = 4;

export class SyscallRing {
  private readonly words: Int32Array = new Int32Array(RING_SIZE * ENTRY);
  private readonly names: string[] = new Array<string>(RING_SIZE).fill('');
  private next = 0;

  /** A call begins. */
  enter(task: Task, words: Int32Array, number: number): void {
    const slot = this.next % RING_SIZE;
    const at = slot * ENTRY;
    const ring = this.words;
    const { numbers } = task.pid;
    ring[at] = numbers[numbers.length - 1]!;
    ring[at + 1] = number;
    ring[at + RESULT] = BLOCKED;
    for (let i = 0; i < 12; i++) ring[at + REGISTERS + i] = words[i]!;
    this.names[slot] = task.comm;
    this.next++;
  }

  /** The newest entry of `task` gets its result. */
  leave(task: Task, result: number): void {
    const { numbers } = task.pid;
    const tid = numbers[numbers.length - 1]!;
    for (let back = 1; back <= RING_SIZE && back <= this.next; back++) {
      const at = ((this.next - back) % RING_SIZE) * ENTRY;
      if (this.words[at] !== tid) continue;
      this.words[at + RESULT] = result | 0;
      return;
    }
  }

  /** Visit the entries, oldest first. */
  forEach(visit: (tid: number, name: string, number: number, registers: Int32Array, result: number) => void): void {
    for (let i = Math.max(0, this.next - RING_SIZE); i < this.next; i++) {
      const slot = i % RING_SIZE;
      const at = slot * ENTRY;
      const registers = this.words.subarray(at + REGISTERS, at + REGISTERS + 12);
      visit(this.words[at]!, this.names[slot]!, this.words[at + 1]!, registers, this.words[at + RESULT]!);
    }
  }
}
