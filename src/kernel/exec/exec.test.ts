import { describe, expect, it } from 'vitest';
import { buildElf, type ElfSpec } from '../../../tests/support/elf_builder.ts';
import { fakePlatform } from '../../../tests/support/fake_machine.ts';
import type { Kernel } from '../kernel.ts';
import { Memory } from '../mm/memory.ts';
import { Mm } from '../mm/mm.ts';
import { exitMmap } from '../mm/mm_exit.ts';
import { charge, PRICE_MM } from '../mm/price.ts';
import { ShmemMapping } from '../mm/shmem.ts';
import type { File } from '../vfs/file.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { Binprm, type ElfFile } from './binprm.ts';
import { elfArchitecture, parseHeader, parseProgramHeaders } from './elf.ts';
import { ExecRandom } from './exec_random.ts';
import { loadProgram } from './load_elf.ts';
import { parseScript } from './script.ts';
import { buildStack } from './stack.ts';

const PAGE = 4096;
const fixed = new ExecRandom({ fill: (bytes) => bytes.fill(1) }, false);
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

function bare(): Kernel & { memory: Memory } {
  const kernel = { platform: fakePlatform(4096) } as unknown as Kernel & { memory: Memory };
  kernel.memory = new Memory(kernel);
  return kernel;
}

function fileOf(kernel: Kernel, bytes: Uint8Array): File {
  const inode = { size: 0, writers: 0, mapping: null as ShmemMapping | null };
  inode.mapping = new ShmemMapping(kernel, inode);
  inode.mapping.writeFrom(IovIter.kernel(bytes), 0);
  const file = {
    inode,
    refs: 1,
    get: () => {
      file.refs++;
      return file;
    },
    put: () => file.refs--,
  };
  return file as unknown as File;
}

function elfOf(kernel: Kernel, spec: ElfSpec): ElfFile {
  const bytes = buildElf(spec);
  const header = parseHeader(bytes);
  if (typeof header === 'number') throw new Error(`errno ${header}`);
  const programHeaders = parseProgramHeaders(bytes.subarray(header.phoff), header.phnum);
  if (typeof programHeaders === 'number') throw new Error(`errno ${programHeaders}`);
  return { file: fileOf(kernel, bytes), header, programHeaders };
}

function spaceOf(kernel: Kernel): Mm {
  charge(kernel, kernel.memory.root, PRICE_MM);
  const mm = new Mm(kernel, kernel.memory.root);
  mm.limits = { softLimit: (resource) => (resource === 3 ? 8 << 20 : Number.POSITIVE_INFINITY) };
  return mm;
}

function load(spec: ElfSpec, interpreter?: ElfSpec): { mm: Mm; bprm: Binprm; result: ReturnType<typeof loadProgram> } {
  const kernel = bare();
  const program = elfOf(kernel, spec);
  const bprm = new Binprm('/bin/true', program.file, ['true', 'x'], ['A=1'], false);
  bprm.program = program;
  if (interpreter !== undefined) bprm.interpreter = elfOf(kernel, interpreter);
  const mm = spaceOf(kernel);
  return { mm, bprm, result: loadProgram(mm, bprm, fixed) };
}

describe('ELF headers', () => {
  const refused = (spec: ElfSpec): void => expect(parseHeader(buildElf(spec))).toBe(-8);
  it('refuses what is no arm64 program', () => {
    refused({ machine: 62 });
    refused({ type: 1 });
    refused({ phentsize: 32 });
    refused({ phnum: 0 });
    refused({ phnum: 2000 });
    expect(parseHeader(buildElf({}).subarray(0, 63))).toBe(-8);
    expect(parseHeader(text('hello'))).toBe(-8);
    expect(parseProgramHeaders(new Uint8Array(55), 1)).toBe(-5);
  });

  it('names foreign architectures', () => {
    expect(elfArchitecture(buildElf({ machine: 62 }))).toBe('amd64');
    expect(elfArchitecture(buildElf({}))).toBe('arm64');
    expect(elfArchitecture(buildElf({ machine: 9999 }))).toBe('machine 9999');
    expect(elfArchitecture(text('#!/bin/sh'))).toBe(null);
  });
});

describe('loadProgram', () => {
  it('maps segments, clears bss and places the heap behind it', () => {
    const content = [{ at: 0x1000, bytes: new Uint8Array(0x200).fill(9) }];
    const segments = [
      { type: 1, flags: 5, offset: 0, vaddr: 0x400000, filesz: 0x1000, memsz: 0x1000 },
      { type: 1, flags: 6, offset: 0x1000, vaddr: 0x411000, filesz: 0x100, memsz: 0x2345 },
    ];
    const { mm, result } = load({ segments, content });
    expect(result).toEqual({ start: 0x400100, entry: 0x400100, phdr: 0x400040, base: 0 });
    expect(mm.readU32(0x4110fc)).toBe(0x09090909);
    expect(mm.readU32(0x411100)).toBe(0);
    expect(mm.readU32(0x413340)).toBe(0);
    expect(mm.layout.startBrk).toBe(0x414000);
    expect(mm.copyOut(0x400000, text('x'))).toBe(-14);
    exitMmap(mm);
  });

  it('loads position-independent programs with their interpreter', () => {
    const interpreter = { type: 3, entry: 0x200, segments: [{ type: 1, flags: 5, filesz: 0x1000, memsz: 0x1000 }] };
    const { mm, result } = load({ type: 3, entry: 0x100, segments: [{ type: 1, flags: 5, filesz: 0x1000, memsz: 0x1000 }] }, interpreter);
    expect(result).toEqual({ start: 0x6fff0200, entry: 0x10000100, phdr: 0x10000040, base: 0x6fff0000 });
    const again = spaceOf(mm.kernel);
    exitMmap(again);
    exitMmap(mm);
  });

  it('survives hostile program headers', () => {
    const errnos = [
      { segments: [{ type: 1, flags: 5, vaddr: 2 ** 48, filesz: 16, memsz: 16 }] },
      { segments: [{ type: 1, flags: 5, vaddr: 0x400000, filesz: 32, memsz: 16 }] },
      { segments: [{ type: 1, flags: 5, vaddr: 0x400000, filesz: 16, memsz: 2 ** 60 }] },
      { segments: [{ type: 1, flags: 6, vaddr: 0x400010, offset: 0x20, filesz: 16, memsz: 16 }] },
      { segments: [{ type: 1, flags: 6, vaddr: 0x400000, offset: 0x100000, filesz: 16, memsz: 0x100 }] },
      { segments: [{ type: 1, flags: 5, vaddr: 0, filesz: 16, memsz: 16 }] },
      { segments: [{ type: 4, flags: 5 }], type: 3 },
      { entry: 2 ** 50 },
    ].map((spec) => {
      const { mm, result } = load(spec);
      exitMmap(mm);
      return result;
    });
    expect(errnos).toEqual([-22, -22, -22, -22, -14, -1, -22, -22]);
  });
});

describe('buildStack', () => {
  it('lays out arguments, environment and auxiliary vector', () => {
    const { mm, bprm, result } = load({});
    if (typeof result === 'number') throw new Error('not loaded');
    const sp = buildStack(mm, bprm, result, { uid: 1, euid: 2, gid: 3, egid: 4 }, fixed) as number;
    expect(sp % 16).toBe(0);
    expect(mm.readUlong(sp)).toBe(2);
    expect(mm.readString(mm.readUlong(sp + 8), 100)).toBe('true');
    expect(mm.readString(mm.readUlong(sp + 16), 100)).toBe('x');
    expect(mm.readUlong(sp + 24)).toBe(0);
    expect(mm.readString(mm.readUlong(sp + 32), 100)).toBe('A=1');
    expect(mm.readUlong(sp + 40)).toBe(0);
    const aux = new Map<number, number>();
    let at = sp + 48;
    for (; mm.readUlong(at) !== 0; at += 16) aux.set(mm.readUlong(at), mm.readUlong(at + 8));
    expect(aux.get(6)).toBe(PAGE);
    expect(aux.get(9)).toBe(0x400100);
    expect([aux.get(11), aux.get(12), aux.get(13), aux.get(14)]).toEqual([1, 2, 3, 4]);
    expect(mm.readString(aux.get(31)!, 100)).toBe('/bin/true');
    expect(mm.readString(aux.get(15)!, 100)).toBe('aarch64');
    expect(mm.readUlong(0x80000000 - 8)).toBe(0);
    expect(mm.layout.argEnd - mm.layout.argStart).toBe(7);
    exitMmap(mm);
    expect(bprm.file.refs).toBe(1);
    expect(bprm.file.inode.writers).toBe(0);
  });
});

describe('parseScript', () => {
  const parse = (line: string): unknown => {
    const buffer = new Uint8Array(256);
    buffer.set(text(line).subarray(0, 256));
    return parseScript(buffer);
  };
  it('follows the rules of Linux', () => {
    expect(parse('#!/bin/sh\n')).toEqual({ interpreter: '/bin/sh', argument: null });
    expect(parse('#! \t/bin/sh  -e -x \t\nx')).toEqual({ interpreter: '/bin/sh', argument: '-e -x' });
    expect(parse('#!/bin/sh')).toEqual({ interpreter: '/bin/sh', argument: null });
    expect(parse('#!\n')).toBe(-8);
    expect(parse('#!   \n')).toBe(-8);
    expect(parse('#!')).toEqual({ interpreter: '', argument: null });
    expect(parse('echo')).toBe(-8);
    expect(parse(`#!/${'a'.repeat(300)}`)).toBe(-8);
    expect(parse(`#!/bin/sh ${'a'.repeat(300)}`)).toEqual({ interpreter: '/bin/sh', argument: 'a'.repeat(245) });
  });
});
