/** Debian's programs print the same with the JIT off and with what is executed a few times translated. More of them, and of other modes: jit/run.ts. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/hosts/node/index.ts';
import { type JitMode, jitModes } from '../conformance/run.ts';
import { dataDirectory, debianImage } from '../support/debian_image.ts';

let available = false;

beforeAll(async () => {
  available = await debianImage();
}, 900_000);

async function output(script: string, mode: JitMode): Promise<string> {
  await using engine = await createEngine({ dataDirectory, jit: jitModes[mode] });
  await using container = await engine.containers.create({ image: 'debian', command: ['sleep', 'infinity'] });
  await container.start();
  const input = readFileSync(join(import.meta.dirname, 'jit', `${script}.sh`));
  const { stdout, code } = await container.exec(['bash', '-c', 'exec bash 2>&1'], { input });
  expect(code).toBe(0);
  return stdout;
}

describe('debian (needs a Debian mirror)', () => {
  test.for(['bash', 'perl', 'compress'])('%s', { timeout: 600_000 }, async (script, context) => {
    context.skip(!available, 'no debian image');
    expect(await output(script, 'on')).toBe(await output(script, 'off'));
  });
});
