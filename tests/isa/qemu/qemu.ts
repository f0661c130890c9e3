/** Runs instructions and short programs under qemu-aarch64, by the harness in harness.c. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REG_WORDS } from '../../../src/platform/registers.ts';
import { DATA_BYTES } from '../subject.ts';

const COMPILER = 'aarch64-linux-gnu-gcc';
const OBJDUMP = 'aarch64-linux-gnu-objdump';
const QEMU = 'qemu-aarch64-static';
/** Has LSE, CRC32, LDAPR and dot product, and no SVE or pointer authentication. */
const QEMU_CPU = 'neoverse-n1';

/** Instructions of a program; a shorter one is followed by NOPs. */
export const PROGRAM = 64;
/** The harness has the first instruction here in its page. */
export const SLOT: number = 0x800 / 4;
const NOP = 0xd503201f;

const REQUEST_BYTES = 4 * (PROGRAM + 1 + REG_WORDS);
const RESPONSE_BYTES = 24 + 4 * REG_WORDS;

const present = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;
export const qemuIsPresent = (): boolean => present(COMPILER) && present(QEMU);

export interface Request {
  readonly words: readonly number[];
  /** Fills the data pages; 0: they are not looked at. */
  readonly seed: number;
  readonly block: Int32Array;
}

export interface Response {
  /** 0: none. */
  readonly signal: number;
  readonly pc: number;
  readonly address: number;
  /** Hash of the data pages. */
  readonly memory: number;
  readonly block: Int32Array;
}

export class Qemu {
  private readonly directory: string = mkdtempSync(join(tmpdir(), 'holm-qemu-'));

  constructor() {
    const source = new URL('./harness.c', import.meta.url).pathname;
    const built = spawnSync(COMPILER, ['-O2', '-static', '-Wl,-Ttext-segment=0x60000000', '-o', this.harness(), source], {
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(built.stderr);
  }

  private harness(): string {
    return join(this.directory, 'harness');
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** What objdump makes of words, one line each. */
  disassemble(words: readonly number[]): string[] {
    const path = join(this.directory, 'words');
    writeFileSync(path, new Int32Array(words));
    const { stdout } = spawnSync(OBJDUMP, ['-D', '-b', 'binary', '-m', 'aarch64', path], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    return [...stdout.matchAll(/^\s+[0-9a-f]+:\s+[0-9a-f]{8}\s+(.*)$/gm)].map((match) => match[1]!);
  }

  run(requests: readonly Request[]): Response[] {
    const input = new Uint8Array(requests.length * REQUEST_BYTES);
    const words = new Int32Array(input.buffer);
    requests.forEach(({ words: program, seed, block }, i) => {
      const at = (i * REQUEST_BYTES) / 4;
      words.fill(NOP, at, at + PROGRAM);
      words.set(program, at);
      words[at + PROGRAM] = seed;
      words.set(block, at + PROGRAM + 1);
    });
    const { stdout, status, signal } = spawnSync(QEMU, ['-cpu', QEMU_CPU, this.harness()], { input, maxBuffer: 2 ** 30 });
    if (status !== 0 || stdout.length !== requests.length * RESPONSE_BYTES) throw new Error(`harness ended with ${status ?? signal}`);
    const data = new DataView(stdout.buffer, stdout.byteOffset, stdout.length);
    return requests.map((_, i) => {
      const at = i * RESPONSE_BYTES;
      return {
        signal: data.getUint32(at, true),
        memory: data.getUint32(at + 4, true),
        pc: data.getUint32(at + 8, true),
        address: Number(data.getBigUint64(at + 16, true)),
        block: new Int32Array(stdout.buffer.slice(stdout.byteOffset + at + 24, stdout.byteOffset + at + RESPONSE_BYTES)),
      };
    });
  }
}

/** The data pages as the harness fills them. */
export function fill(seed: number): Uint8Array {
  const words = new Uint32Array(DATA_BYTES / 4);
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

/** The hash of data pages as the harness takes it. */
export function sum(data: Uint8Array): number {
  let hash = 2166136261;
  for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length / 4)) hash = Math.imul(hash ^ word, 16777619);
  return hash >>> 0;
}
