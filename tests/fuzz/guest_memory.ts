/** Where random programs put what their system calls point at: a part of their data segment, written as the processor would. */

import { ACCESS_WRITE } from '../../src/platform/cpu.ts';
import type { Ram } from '../../src/platform/ram.ts';
import type { Random } from '../isa/random_state.ts';
import type { FakeSpace } from '../support/fake_machine.ts';

export const CODE = 0x400000;
export const ARENA = 0x500000;
export const ARENA_PAGES = 48;
/** Signal handlers run here, at the arena's end. */
const STACK_PAGES = 8;
export const STACK = ARENA + ARENA_PAGES * 4096 - 64;

/** Results of calls that are remembered: identifiers, addresses. */
const REMEMBERED = 32;

export class Guest {
  /** Small positive results of earlier calls. */
  readonly results: number[] = [];
  private readonly addresses: number[] = [];
  private readonly random: Random;
  private readonly ram: Ram;
  private space: FakeSpace | null = null;
  private next = ARENA;
  /** A page that had to be written and is not there. */
  missing = 0;

  constructor(random: Random, ram: Ram) {
    this.random = random;
    this.ram = ram;
  }

  /** Structures of the next call go somewhere into the arena. */
  begin(space: FakeSpace): void {
    this.space = space;
    this.missing = 0;
    this.next = ARENA + this.random.below(ARENA_PAGES - STACK_PAGES - 4) * 4096 + this.random.below(256) * 16;
  }

  remember(result: number): void {
    const { random } = this;
    if (result <= 0) return;
    const list = result > 65536 ? this.addresses : this.results;
    if (list.length < REMEMBERED) list.push(result);
    else list[random.below(REMEMBERED)] = result;
  }

  /** Memory for `bytes` bytes, which keep what they held. */
  reserve(bytes: number): number {
    const at = this.next;
    this.next += (bytes + 15) & ~15;
    return at;
  }

  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const page = Math.floor((at + done) / 4096);
      const offset = (at + done) % 4096;
      const part = Math.min(4096 - offset, bytes.length - done);
      const entry = this.space!.pages.get(page);
      if (entry === undefined || (entry.access & ACCESS_WRITE) === 0) this.missing = page * 4096;
      else this.ram.views.u8.set(bytes.subarray(done, done + part), entry.frame * 4096 + offset);
      done += part;
    }
  }

  place(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length);
    this.write(at, bytes);
    return at;
  }

  text(text: string): number {
    return this.place(Uint8Array.from(`${text}\0`, (char) => char.charCodeAt(0)));
  }

  /** 32-bit words; numbers beyond fill two, low half first. */
  longs(values: readonly number[]): number {
    const words = new Int32Array(values.length * 2);
    values.forEach((value, i) => {
      words[2 * i] = value | 0;
      words[2 * i + 1] = Math.floor(value / 4294967296) | 0;
    });
    return this.place(new Uint8Array(words.buffer));
  }

  words(values: readonly number[]): number {
    return this.place(new Uint8Array(Int32Array.from(values, (value) => value | 0).buffer));
  }

  /** Somewhere to read from or write to. */
  buffer(bytes: number): number {
    return this.reserve(Math.min(bytes, 4096));
  }

  /** An address that is mapped, or was. */
  address(): number {
    const { random } = this;
    if (this.addresses.length > 0 && random.chance(50)) return random.pick(this.addresses);
    if (random.chance(80)) return ARENA + random.below(ARENA_PAGES) * 4096 + (random.chance(80) ? 0 : random.below(4096));
    return this.anywhere();
  }

  anywhere(): number {
    const { random } = this;
    return random.pick([
      0,
      1,
      CODE,
      0x1000,
      2 ** 32 - 4096,
      2 ** 32,
      2 ** 47,
      2 ** 48 - 4096,
      2 ** 56,
      2 ** 63,
      random.u32() & ~4095,
      random.u32(),
    ]);
  }
}
