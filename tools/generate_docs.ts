/** Writes docs/generated from the tables that the program itself uses. With --check, fails when a file there is not current. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syscallNumbers } from '../src/abi/syscall_numbers.ts';
import { groups } from '../src/isa/arm64/table.ts';
import type { Row } from '../src/isa/insn.ts';
import { absences } from '../src/kernel/syscall/absent.ts';
import { syscallTable } from '../src/kernel/syscall/table.ts';

const folder = join(import.meta.dirname, '../docs/generated');
const NOTE = '<!-- Made by `npm run docs`; changes here are lost. -->';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** Every system call number of Linux 6.12 for arm64, with its level. */
function syscalls(): string {
  const absent = new Map(absences.flatMap(({ calls, instead }) => calls.map((name) => [name as string, instead])));
  const count = { full: 0, partial: 0, absent: 0 };
  const rows = Object.entries(syscallNumbers).map(([name, nr]) => {
    const call = syscallTable[nr];
    const instead = absent.get(name);
    if (call === undefined) {
      if (instead === undefined)
        throw new Error(`${name} is not implemented, and src/kernel/syscall/absent.ts does not say what programs do then`);
      count.absent++;
      return [String(nr), name, 'absent', instead];
    }
    if (instead !== undefined) throw new Error(`${name} is implemented: take it out of src/kernel/syscall/absent.ts`);
    const level = call.missing === null ? 'full' : 'partial';
    count[level]++;
    return [String(nr), `${name}(${call.args.map((arg) => arg.name).join(', ')})`, level, call.missing ?? ''];
  });
  return `${NOTE}

# System calls

The system calls of Linux 6.12 on arm64: ${count.full} are there in full, ${count.partial} in part, ${count.absent} are absent.

- **full**: what the manual page says of it holds for everything that Holm has. (A socket call, say, is full although there are no
  Internet sockets: \`socket\` tells.)
- **partial**: the note says what is missing and what programs get instead.
- **absent**: answers ENOSYS; the note says what programs do then. Numbers that are not listed mean nothing on arm64 and answer ENOSYS too.

${table(['number', 'call', 'level', 'note'], rows)}
`;
}

/** Every row of the instruction table: what is decoded, run, assembled and disassembled. */
function instructions(): string {
  const total = groups.reduce((sum, { rows }) => sum + rows.length, 0);
  const section = ({ name, rows }: { readonly name: string; readonly rows: readonly Row[] }): string =>
    `## ${name}\n\n${table(
      ['assembler', 'encoding'],
      rows.map((row) => [`\`${row.syntax}\``, `\`${row.pattern}\``]),
    )}\n`;
  return `${NOTE}

# Instructions

The ${total} rows of the arm64 table, by the manual's groups. \`src/isa/insn.ts\` explains the notation of encodings (most significant bit
first) and of the assembler's syntax. Every other encoding is undefined and gives SIGILL.

${groups.map(section).join('\n')}`;
}

const documents = { 'syscalls.md': syscalls(), 'instructions.md': instructions() };
const check = process.argv.includes('--check');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(documents)) {
  const path = join(folder, name);
  if (!check) writeFileSync(path, text);
  else if (read(path) !== text) {
    console.error(`docs/generated/${name} is not current: run "npm run docs"`);
    process.exitCode = 1;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
