/**
 * Debian's own programs in a container: each script of programs/ prints what it printed on a real arm64 Linux (the .expected
 * files, recorded there). Needs the image "debian", which is built from the machine's Debian mirror if it is not in the store.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Container, createEngine, type Engine } from '../../src/hosts/node/index.ts';
import { dataDirectory, debianImage } from '../support/debian_image.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');
const names = readdirSync(PROGRAMS)
  .filter((name) => name.endsWith('.sh'))
  .map((name) => name.replace('.sh', ''));

let engine: Engine;
let available = false;

beforeAll(async () => {
  available = await debianImage();
  engine = await createEngine({ dataDirectory });
}, 900_000);

afterAll(() => engine.close());

/** Run a script as the recording did: standard input empty, both outputs in one pipe. */
async function run(container: Container, script: string): Promise<string> {
  const { stdout } = await container.exec(['sh', '-c', 'cat >/prog.sh; bash /prog.sh </dev/null 2>&1 | cat'], { input: script });
  return stdout;
}

describe('debian (needs a Debian mirror)', () => {
  test.for(names)('%s prints what it prints on Linux', async (name, context) => {
    context.skip(!available, 'no debian image');
    await using container = await engine.containers.create({ image: 'debian', hostname: 'guest', command: ['sleep', 'infinity'] });
    await container.start();
    const output = await run(container, readFileSync(join(PROGRAMS, `${name}.sh`), 'utf8'));
    expect(output.trimEnd()).toBe(readFileSync(join(PROGRAMS, `${name}.expected`), 'utf8').trimEnd());
  });

  test('a reader that goes away ends a writer as a broken pipe does', async (context) => {
    context.skip(!available, 'no debian image');
    await using container = await engine.containers.create({ image: 'debian', command: ['sh', '-c', 'yes; exit $?'] });
    const reader = container.process.stdout.getReader();
    await container.start();
    await reader.read();
    await reader.cancel();
    expect(await container.wait()).toMatchObject({ code: 141 });
  });

  test('a container sees its own host name, processes and no IPC objects', async (context) => {
    context.skip(!available, 'no debian image');
    await using container = await engine.containers.create({
      image: 'debian',
      hostname: 'web-1',
      command: ['sh', '-c', 'uname -a; hostname; echo $$; ps -ef; ipcs'],
    });
    const stdout = new Response(container.process.stdout).text();
    await container.start();
    expect((await container.wait()).code).toBe(0);
    const lines = (await stdout).split('\n');
    expect(lines[0]).toMatch(/^Linux web-1 .* aarch64 GNU\/Linux$/);
    expect(lines.slice(1, 3)).toEqual(['web-1', '1']);
    const processes = lines.slice(4, lines.indexOf('', 4)).map((line) => line.trim().split(/\s+/).slice(0, 3).join(' '));
    expect(processes[0]).toBe('root 1 0');
    expect(processes).toHaveLength(2);
  });
});
