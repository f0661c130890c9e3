/** Small ELF files made by hand, good and bad ones. */

export interface Segment {
  readonly type: number;
  readonly flags?: number;
  readonly offset?: number;
  readonly vaddr?: number;
  readonly filesz?: number;
  readonly memsz?: number;
  readonly align?: number;
}

export interface ElfSpec {
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: number;
  readonly phentsize?: number;
  readonly phnum?: number;
  readonly phoff?: number;
  readonly segments?: readonly Segment[];
  /** Bytes of the whole file. */
  readonly length?: number;
  readonly content?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

export function buildElf(spec: ElfSpec): Uint8Array {
  const segments = spec.segments ?? [{ type: 1, flags: 5, offset: 0, vaddr: 0x400000, filesz: 0x1000, memsz: 0x1000, align: 4096 }];
  const bytes = new Uint8Array(spec.length ?? 0x2000);
  const data = new DataView(bytes.buffer);
  const phoff = spec.phoff ?? 64;
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  data.setUint16(16, spec.type ?? 2, true);
  data.setUint16(18, spec.machine ?? 183, true);
  data.setBigUint64(24, BigInt(spec.entry ?? 0x400100), true);
  data.setBigUint64(32, BigInt(phoff), true);
  data.setUint16(54, spec.phentsize ?? 56, true);
  data.setUint16(56, spec.phnum ?? segments.length, true);
  segments.forEach((s, i) => {
    const at = 64 + i * 56;
    data.setUint32(at, s.type, true);
    data.setUint32(at + 4, s.flags ?? 4, true);
    data.setBigUint64(at + 8, BigInt(s.offset ?? 0), true);
    data.setBigUint64(at + 16, BigInt(s.vaddr ?? 0), true);
    data.setBigUint64(at + 32, BigInt(s.filesz ?? 0), true);
    data.setBigUint64(at + 40, BigInt(s.memsz ?? s.filesz ?? 0), true);
    data.setBigUint64(at + 48, BigInt(s.align ?? 4096), true);
  });
  for (const { at, bytes: part } of spec.content ?? []) bytes.set(part, at);
  return bytes;
}
