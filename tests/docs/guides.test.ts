/** The guides: every command in them prints what stands below it. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianImage, xdgDataHome } from '../support/debian_image.ts';

const ROOT = join(import.meta.dirname, '../..');
const GUIDES = join(ROOT, 'docs/guides');

interface Example {
  readonly command: string;
  readonly output: string;
}

/** `$ command` and the lines that follow it, in blocks of the language "console". */
function examples(guide: string): Example[] {
  const blocks = [...readFileSync(join(GUIDES, guide), 'utf8').matchAll(/```console\n(.*?)```/gs)].map((match) => match[1]!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf('\n');
        return { command: text.slice(0, end), output: text.slice(end + 1) };
      }),
  );
}

const home = mkdtempSync(join(tmpdir(), 'holm-guides-'));

/** Standard output and error in one, as on a terminal. */
function run(command: string): Promise<string> {
  const env = {
    ...process.env,
    PATH: `${home}/bin:${process.env['PATH']}`,
    XDG_DATA_HOME: xdgDataHome(),
    XDG_RUNTIME_DIR: join(home, 'run'),
    XDG_STATE_HOME: join(home, 'state'),
  };
  return new Promise((resolve) => {
    execFile('sh', ['-c', `exec 2>&1; ${command}`], { cwd: home, env }, (_, stdout) => resolve(stdout)).stdin!.end();
  });
}

let available = false;

beforeAll(async () => {
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin/holm'), `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bin/holm.js')}" "$@"\n`, { mode: 0o755 });
  available = await debianImage();
}, 900_000);

afterAll(async () => {
  await run('holm engine stop');
});

describe.each(readdirSync(GUIDES))('docs/guides/%s (needs a Debian mirror)', (guide) => {
  test('has examples', () => {
    expect(examples(guide).length).toBeGreaterThan(0);
  });

  test.for(examples(guide))('$ $command', async ({ command, output }, { skip }) => {
    skip(!available, 'no debian image');
    expect(await run(command)).toBe(output);
  });
});
