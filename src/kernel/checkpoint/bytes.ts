/** A growing sequence of bytes, and reading it back. */

export class ByteSink {
  private bytes: Uint8Array = new Uint8Array(1 << 16);
  private view: DataView = new DataView(this.bytes.buffer);
  length = 0;

  private room(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }

  u32(value: number): void {
    const at = this.room(4);
    this.view.setUint32(at, value >>> 0, true);
  }

  f64(value: number): void {
    const at = this.room(8);
    this.view.setFloat64(at, value, true);
  }

  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Strings of the kernel may hold any code unit: 16 bits each, or 8 if that is enough. */
  text(value: string): void {
    const units = Uint16Array.from({ length: value.length }, (_, i) => value.charCodeAt(i));
    const narrow = units.every((unit) => unit < 256);
    this.u32(value.length * 2 + (narrow ? 0 : 1));
    this.raw(narrow ? Uint8Array.from(units) : new Uint8Array(units.buffer));
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export class ByteSource {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private step(count: number): number {
    const { at } = this;
    this.at += count;
    return at;
  }

  u8(): number {
    return this.bytes[this.step(1)]!;
  }

  u32(): number {
    return this.view.getUint32(this.step(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.step(8), true);
  }

  raw(length: number): Uint8Array {
    const at = this.step(length);
    return this.bytes.slice(at, at + length);
  }

  text(): string {
    const head = this.u32();
    const length = head >>> 1;
    const bytes = this.raw(head % 2 === 0 ? length : length * 2);
    const units = head % 2 === 0 ? bytes : new Uint16Array(bytes.buffer);
    let text = '';
    for (let i = 0; i < length; i += 4096) text += String.fromCharCode(...units.subarray(i, Math.min(length, i + 4096)));
    return text;
  }
}
