/**
 * Container tools of Debian, unmodified: each script of tools/ prints, run as root in a privileged container, what it printed on a real
 * arm64 Linux (the .expected files, recorded there, with the folder at the same place). Needs an image with these tools, which is built from the machine's Debian
 * mirror if it is not in the store.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/hosts/node/index.ts';
import { dataDirectory } from '../support/debian_image.ts';
import { toolsImage } from '../support/tools_image.ts';

const SCRIPTS = join(import.meta.dirname, 'tools');
const names = readdirSync(SCRIPTS)
  .filter((name) => name.endsWith('.sh'))
  .map((name) => name.replace('.sh', ''));

let engine: Engine;
let available = false;

beforeAll(async () => {
  available = await toolsImage();
  engine = await createEngine({ dataDirectory });
}, 900_000);

afterAll(() => engine.close());

describe('container tools (need a Debian mirror)', () => {
  test.for(names)('%s prints what it prints on Linux', async (name, context) => {
    context.skip(!available, 'no image of container tools');
    await using container = await engine.containers.create({
      image: 'tools',
      hostname: 'guest',
      privileged: true,
      volumes: [{ source: SCRIPTS, destination: '/tools', readOnly: true }],
      command: ['bash', '-c', 'tail -f /dev/null & wait'],
    });
    await container.start();
    const { stdout } = await container.exec(['sh', '-c', `bash /tools/${name}.sh </dev/null 2>&1 | cat`], { privileged: true });
    expect(stdout.trimEnd()).toBe(readFileSync(join(SCRIPTS, `${name}.expected`), 'utf8').trimEnd());
  });
});
