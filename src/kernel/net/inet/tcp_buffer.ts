/** Bytes of a stream that wait to be sent or received. Linux: the queues of struct sk_buff in struct tcp_sock. */

import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, uncharge } from '../../mm/price.ts';

/** Small writes share pieces of this size. */
const SMALL = 2048;
/** What a piece costs besides its bytes. */
const OVERHEAD = 256;

interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  readonly payer: MemoryGroup;
}

export class TcpBuffer {
  private pieces: Piece[] = [];
  private first = 0;
  /** Bytes in it. */
  length = 0;

  /** Add a copy of `bytes`, which may be kept: false when nobody pays. */
  push(kernel: Kernel, payer: MemoryGroup, bytes: Uint8Array): boolean {
    const last = this.pieces.at(-1);
    if (last !== undefined && this.pieces.length > this.first && last.bytes.length - last.end >= bytes.length) {
      last.bytes.set(bytes, last.end);
      last.end += bytes.length;
      this.length += bytes.length;
      return true;
    }
    const room = Math.max(SMALL, bytes.length);
    if (!charge(kernel, payer, room + OVERHEAD)) return false;
    let own = bytes;
    if (room > bytes.length) {
      own = new Uint8Array(room);
      own.set(bytes);
    }
    this.pieces.push({ bytes: own, start: 0, end: bytes.length, payer });
    this.length += bytes.length;
    return true;
  }

  /** Up to `count` bytes, in parts, from `skip` on; they stay. */
  *peek(count: number, skip = 0): IterableIterator<Uint8Array> {
    let left = count;
    let pass = skip;
    for (let at = this.first; at < this.pieces.length && left > 0; at++) {
      const { bytes, start, end } = this.pieces[at]!;
      const size = end - start;
      if (pass >= size) {
        pass -= size;
        continue;
      }
      const part = bytes.subarray(start + pass, Math.min(end, start + pass + left));
      pass = 0;
      left -= part.length;
      yield part;
    }
  }

  /** Forget the first `count` bytes. */
  drop(count: number): void {
    let left = count;
    this.length -= count;
    while (left > 0) {
      const piece = this.pieces[this.first]!;
      const size = Math.min(left, piece.end - piece.start);
      piece.start += size;
      left -= size;
      if (piece.start === piece.end) this.shift();
    }
    this.tidy();
  }

  /** Move whole pieces of together about `room` bytes to the end of `other`, the last one in part: how many bytes. */
  moveTo(other: TcpBuffer, room: number): number {
    let moved = 0;
    while (this.first < this.pieces.length && moved < room) {
      const piece = this.pieces[this.first]!;
      this.pieces[this.first] = EMPTY;
      this.first++;
      other.pieces.push(piece);
      moved += piece.end - piece.start;
    }
    this.length -= moved;
    other.length += moved;
    this.tidy();
    return moved;
  }

  private shift(): void {
    const { bytes, payer } = this.pieces[this.first]!;
    this.pieces[this.first] = EMPTY;
    this.first++;
    uncharge(payer, bytes.length + OVERHEAD);
  }

  private tidy(): void {
    if (this.first < this.pieces.length && this.first < 64) return;
    this.pieces = this.pieces.slice(this.first);
    this.first = 0;
  }

  clear(): void {
    while (this.first < this.pieces.length) this.shift();
    this.pieces = [];
    this.first = 0;
    this.length = 0;
  }
}

/** Takes the place of pieces that have gone. */
const EMPTY = null as unknown as Piece;
