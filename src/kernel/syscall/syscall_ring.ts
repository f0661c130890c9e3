/** The last system calls, kept as numbers and turned into text only when someone wants to see them. */

import type { PidNamespace } from '../namespace/pid_namespace.ts';
import { BLOCKED, type Task } from '../task/task.ts';

/** Entries kept, of all containers together: idle ones keep none. */
const RING_SIZE = 1024;
/** Of these, the newest of a container that are shown. */
const SHOWN = 50;
/** Words of one entry: thread id, number, result, inode number of the PID namespace, and six registers of two words. */
const ENTRY = 16;
const RESULT = 2;
const NAMESPACE = 3;
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
    const { numbers, namespace } = task.pid;
    ring[at] = numbers[numbers.length - 1]!;
    ring[at + 1] = number;
    ring[at + RESULT] = BLOCKED;
    ring[at + NAMESPACE] = namespace.inode | 0;
    for (let i = 0; i < 12; i++) ring[at + REGISTERS + i] = words[i]!;
    this.names[slot] = task.comm;
    task.recentCall = this.next++;
  }

  /** The newest entry of `task` gets its result, if it is still there. */
  leave({ recentCall }: Task, result: number): void {
    if (recentCall >= 0 && this.next - recentCall <= RING_SIZE) this.words[(recentCall % RING_SIZE) * ENTRY + RESULT] = result | 0;
  }

  /** Visit the entries of a namespace, oldest first. */
  forEach(
    { inode }: PidNamespace,
    visit: (tid: number, name: string, number: number, registers: Int32Array, result: number) => void,
  ): void {
    const slots: number[] = [];
    for (let i = this.next - 1; i >= Math.max(0, this.next - RING_SIZE) && slots.length < SHOWN; i--)
      if (this.words[(i % RING_SIZE) * ENTRY + NAMESPACE] === (inode | 0)) slots.push(i % RING_SIZE);
    for (const slot of slots.reverse()) {
      const at = slot * ENTRY;
      const registers = this.words.subarray(at + REGISTERS, at + REGISTERS + 12);
      visit(this.words[at]!, this.names[slot]!, this.words[at + 1]!, registers, this.words[at + RESULT]!);
    }
  }
}
