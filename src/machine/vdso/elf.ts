/** Writes a small ELF shared object: code, versioned dynamic symbols, and nothing to relocate. See elf(5). */

export interface SharedObject {
  readonly soname: string;
  readonly version: string;
  readonly functions: readonly string[];
  /** Assembles the code for the address at which it will be: its bytes, and the addresses of all labels. */
  code(address: number): { readonly bytes: Uint8Array; readonly symbols: ReadonlyMap<string, number> };
}

const ET_DYN = 3;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PF_R_X = 5;
const PF_R = 4;
const SHT = { PROGBITS: 1, STRTAB: 3, HASH: 5, DYNAMIC: 6, DYNSYM: 11, VERDEF: 0x6ffffffd, VERSYM: 0x6fffffff } as const;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const GLOBAL_FUNC = (1 << 4) | 2;
const DT = {
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  STRSZ: 10,
  SYMENT: 11,
  SONAME: 14,
  VERSYM: 0x6ffffff0,
  VERDEF: 0x6ffffffc,
  VERDEFNUM: 0x6ffffffd,
};
const VER_FLG_BASE = 1;
/** Version index of the functions; 1 is the object itself. */
const VERSION_INDEX = 2;

const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const SHDR_SIZE = 64;
const PAGE = 4096;

/** Little-endian numbers, one after the other. */
function pack(...fields: readonly (readonly [bytes: 1 | 2 | 4 | 8, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 8) view.setBigUint64(at, BigInt(value), true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint8(at, value);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The hash of DT_HASH and of version definitions. */
function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) {
    hash = (hash * 16 + name.charCodeAt(i)) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

/** A string table and the offsets of its strings. */
function stringTable(strings: readonly string[]): { readonly bytes: Uint8Array; at(text: string): number } {
  const text = `\0${strings.join('\0')}\0`;
  return {
    bytes: Uint8Array.from(text, (character) => character.charCodeAt(0)),
    at: (wanted) => (wanted === '' ? 0 : text.indexOf(`\0${wanted}\0`) + 1),
  };
}

/** One bucket with all symbols in a chain: there are only a few. */
function hashTable(symbols: number): Uint8Array {
  const chain = Array.from({ length: symbols }, (_, i) => (i === 0 || i === symbols - 1 ? 0 : i + 1));
  return pack([4, 1], [4, symbols], [4, symbols > 1 ? 1 : 0], ...chain.map((next): [4, number] => [4, next]));
}

function versionDefinitions(soname: string, version: string, nameAt: (text: string) => number): Uint8Array {
  const entry = (flags: number, index: number, name: string, next: number): Uint8Array =>
    pack([2, 1], [2, flags], [2, index], [2, 1], [4, hashOf(name)], [4, 20], [4, next], [4, nameAt(name)], [4, 0]);
  return join([entry(VER_FLG_BASE, 1, soname, 28), entry(0, VERSION_INDEX, version, 0)]);
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
  readonly align: number;
}

const SECTION = {
  '.hash': 1,
  '.dynsym': 2,
  '.dynstr': 3,
  '.gnu.version': 4,
  '.gnu.version_d': 5,
  '.dynamic': 6,
  '.text': 7,
  '.shstrtab': 8,
} as const;

/** The file, filled up to whole pages. Addresses are offsets in the file. */
export function writeSharedObject({ soname, version, functions, code }: SharedObject): Uint8Array {
  const count = functions.length + 1;
  const names = stringTable([soname, version, ...functions]);
  const sectionNames = stringTable(Object.keys(SECTION));
  const sections: Section[] = [];
  let end = EHDR_SIZE + 2 * PHDR_SIZE;
  const place = (align: number): number => (end + align - 1) & -align;
  const add = (name: string, type: number, bytes: Uint8Array, rest: Partial<Section> = {}): number => {
    const section = {
      name,
      type,
      bytes,
      flags: SHF_ALLOC,
      link: 0,
      info: 0,
      entrySize: 0,
      align: 8,
      ...rest,
      offset: place(rest.align ?? 8),
    };
    sections.push(section);
    end = section.offset + bytes.length;
    return section.offset;
  };
  const hash = add('.hash', SHT.HASH, hashTable(count), { link: SECTION['.dynsym'], entrySize: 4 });
  // Written when the code's addresses are known.
  const symbols = new Uint8Array(24 * count);
  const symtab = add('.dynsym', SHT.DYNSYM, symbols, { link: SECTION['.dynstr'], info: 1, entrySize: 24 });
  const strtab = add('.dynstr', SHT.STRTAB, names.bytes, { align: 1 });
  const versionOf = functions.map((): [2, number] => [2, VERSION_INDEX]);
  const versym = add('.gnu.version', SHT.VERSYM, pack([2, 0], ...versionOf), { link: SECTION['.dynsym'], entrySize: 2, align: 2 });
  const verdef = add('.gnu.version_d', SHT.VERDEF, versionDefinitions(soname, version, names.at), { link: SECTION['.dynstr'], info: 2 });
  const tags = [
    [DT.HASH, hash],
    [DT.STRTAB, strtab],
    [DT.SYMTAB, symtab],
    [DT.STRSZ, names.bytes.length],
    [DT.SYMENT, 24],
    [DT.SONAME, names.at(soname)],
    [DT.VERSYM, versym],
    [DT.VERDEF, verdef],
    [DT.VERDEFNUM, 2],
    [0, 0],
  ] as const;
  const dynamicBytes = join(tags.map(([tag, value]) => pack([8, tag], [8, value])));
  const dynamic = add('.dynamic', SHT.DYNAMIC, dynamicBytes, { link: SECTION['.dynstr'], entrySize: 16 });
  const { bytes, symbols: labels } = code(place(16));
  add('.text', SHT.PROGBITS, bytes, { flags: SHF_ALLOC | SHF_EXECINSTR, align: 16 });
  const loaded = end;
  functions.forEach((name, i) => {
    const address = labels.get(name)!;
    const size = labels.get(`${name}_end`)! - address;
    const symbol = pack([4, names.at(name)], [1, GLOBAL_FUNC], [1, 0], [2, SECTION['.text']], [8, address], [8, size]);
    symbols.set(symbol, 24 * (i + 1));
  });
  add('.shstrtab', SHT.STRTAB, sectionNames.bytes, { flags: 0, align: 1 });

  const sectionTable = place(8);
  const headers = [
    new Uint8Array(SHDR_SIZE),
    ...sections.map((s) =>
      pack(
        [4, sectionNames.at(s.name)],
        [4, s.type],
        [8, s.flags],
        [8, s.flags ? s.offset : 0],
        [8, s.offset],
        [8, s.bytes.length],
        [4, s.link],
        [4, s.info],
        [8, s.align],
        [8, s.entrySize],
      ),
    ),
  ];
  const programHeader = (type: number, flags: number, offset: number, size: number, align: number): Uint8Array =>
    pack([4, type], [4, flags], [8, offset], [8, offset], [8, offset], [8, size], [8, size], [8, align]);
  const identification = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const header = pack(
    ...identification.map((byte): [1, number] => [1, byte]),
    [2, ET_DYN],
    [2, EM_AARCH64],
    [4, 1],
    [8, 0],
    [8, EHDR_SIZE],
    [8, sectionTable],
    [4, 0],
    [2, EHDR_SIZE],
    [2, PHDR_SIZE],
    [2, 2],
    [2, SHDR_SIZE],
    [2, headers.length],
    [2, SECTION['.shstrtab']],
  );
  const table = join(headers);
  const file = new Uint8Array((sectionTable + table.length + PAGE - 1) & -PAGE);
  const segments = [programHeader(PT_LOAD, PF_R_X, 0, loaded, PAGE), programHeader(PT_DYNAMIC, PF_R, dynamic, dynamicBytes.length, 8)];
  file.set(join([header, ...segments]));
  for (const section of sections) file.set(section.bytes, section.offset);
  file.set(table, sectionTable);
  return file;
}
