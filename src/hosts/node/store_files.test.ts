import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOwner, ownerAlive } from './owner.ts';
import { NodeStoreFiles } from './store_files.ts';

function setUp(): { lock: string; files: NodeStoreFiles; waits: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'holm-lock-'));
  const waits: string[] = [];
  return { lock: join(directory, 'lock'), files: new NodeStoreFiles(directory, createOwner(), (reason) => waits.push(reason)), waits };
}

/** The name of a process, as its own. */
function ownerOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return `${pid}.${text.slice(text.lastIndexOf(')') + 2).split(' ')[19]}.00000000`;
}

describe.skipIf(process.platform !== 'linux')('lock', () => {
  it('is broken when its process is dead, a zombie, or another by now', async () => {
    // A shell that never asks for its child's end, and says the child's number.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 30']);
    const zombie = Number(await new Promise<string>((resolve) => parent.stdout.once('data', (bytes) => resolve(String(bytes)))));
    const owner = ownerOf(zombie);
    while (ownerAlive(owner)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(existsSync(`/proc/${zombie}`)).toBe(true);
    for (const left of ['4194303.1.0', owner, `${process.pid}.1.0`]) {
      const { lock, files, waits } = setUp();
      writeFileSync(lock, left);
      expect(await files.locked(async () => existsSync(lock))).toBe(true);
      expect([existsSync(lock), waits]).toEqual([false, []]);
    }
    parent.kill();
  });

  it('is waited for when its process runs, and the wait is explained', async () => {
    const { lock, files, waits } = setUp();
    writeFileSync(lock, ownerOf(process.ppid));
    const locked = files.locked(async () => 'done');
    while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    rmSync(lock);
    expect(await locked).toBe('done');
    expect(waits).toEqual([expect.stringMatching(`^waiting for process ${process.ppid}, which is changing `)]);
  });

  it('stays with the one who has taken it over', async () => {
    const { lock, files } = setUp();
    await files.locked(async () => writeFileSync(lock, 'another'));
    expect(readFileSync(lock, 'utf8')).toBe('another');
  });
});
