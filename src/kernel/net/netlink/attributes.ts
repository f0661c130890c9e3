/** Netlink messages and their attributes, written and read. See netlink(7). Linux: lib/nlattr.c. */

import { EINVAL } from '../../../abi/errno.ts';
import { NLA_TYPE_MASK, NLMSG_HDRLEN } from '../../../abi/netlink.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';

const NLA_HDRLEN = 4;
const align = (length: number): number => (length + 3) & ~3;

/** Builds one message. */
export class MessageWriter {
  private bytes: Uint8Array = new Uint8Array(512);
  private view: DataView = new DataView(this.bytes.buffer);
  private end = 0;

  constructor(type: number, flags: number, sequence: number, port: number) {
    this.u32(0).u16(type).u16(flags).u32(sequence).u32(port);
  }

  private reserve(count: number): number {
    const at = this.end;
    this.end += count;
    if (this.end > this.bytes.length) {
      const bytes = new Uint8Array(this.end * 2);
      bytes.set(this.bytes);
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
    return this;
  }

  attribute(type: number, bytes: Uint8Array): this {
    this.u16(NLA_HDRLEN + bytes.length).u16(type);
    this.raw(bytes);
    this.reserve(align(bytes.length) - bytes.length);
    return this;
  }

  attribute8(type: number, value: number): this {
    return this.attribute(type, Uint8Array.of(value));
  }

  attribute32(type: number, value: number): this {
    return this.attribute(type, new Uint8Array(Int32Array.of(value).buffer));
  }

  text(type: number, value: string): this {
    return this.attribute(type, latin1Bytes(`${value}\0`));
  }

  /** Begin nested attributes: the place that `close` needs. */
  open(type: number): number {
    const at = this.end;
    this.u16(0).u16(type);
    return at;
  }

  close(at: number): this {
    this.view.setUint16(at, this.end - at, true);
    return this;
  }

  /** The message. */
  finish(): Uint8Array {
    this.view.setUint32(0, this.end, true);
    return this.bytes.slice(0, this.end);
  }
}

/** The attributes of a message by type, the last of each. */
export class Attributes {
  private readonly values: Map<number, Uint8Array> = new Map();

  /** Read those in `bytes`; -EINVAL if they are cut off. */
  static parse(bytes: Uint8Array): Attributes | number {
    const attributes = new Attributes();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + NLA_HDRLEN <= bytes.length; ) {
      const length = view.getUint16(at, true);
      if (length < NLA_HDRLEN || at + length > bytes.length) return -EINVAL;
      attributes.values.set(view.getUint16(at + 2, true) & NLA_TYPE_MASK, bytes.subarray(at + NLA_HDRLEN, at + length));
      at += align(length);
    }
    return attributes;
  }

  get(type: number): Uint8Array | null {
    return this.values.get(type) ?? null;
  }

  /** Take over some of another message. */
  copy(other: Attributes, types: readonly number[]): void {
    for (const type of types) {
      const value = other.get(type);
      if (value !== null) this.values.set(type, value);
    }
  }

  has(type: number): boolean {
    return this.values.has(type);
  }

  types(): Iterable<number> {
    return this.values.keys();
  }

  /** A number of one, two or four bytes; null if it is absent. */
  number(type: number): number | null {
    const value = this.get(type);
    if (value === null || value.length === 0) return null;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return value.length >= 4 ? view.getUint32(0, true) : value.length >= 2 ? view.getUint16(0, true) : view.getUint8(0);
  }

  /** A text up to its NUL; null if it is absent. */
  text(type: number): string | null {
    const value = this.get(type);
    return value === null ? null : latin1Text(value).split('\0', 1)[0]!;
  }

  /** Nested attributes; null if they are absent. */
  nested(type: number): Attributes | number | null {
    const value = this.get(type);
    return value === null ? null : Attributes.parse(value);
  }
}

/** One message of a datagram. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The whole of it, header included. */
  readonly bytes: Uint8Array;
  /** After the header. */
  readonly body: Uint8Array;
}

/** The messages of a datagram; what is cut off at the end is left out. */
export function* messagesIn(bytes: Uint8Array): IterableIterator<NetlinkMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + NLMSG_HDRLEN <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || at + length > bytes.length) return;
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      bytes: bytes.subarray(at, at + length),
      body: bytes.subarray(at + NLMSG_HDRLEN, at + length),
    };
    at += align(length);
  }
}
