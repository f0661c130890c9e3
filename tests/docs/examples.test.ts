/** The programs of examples/ print what they promise. They are run as a user would: with the package as it was built. */

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { debianImage, xdgDataHome } from '../support/debian_image.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');

const EXPECTED: Readonly<Record<string, string>> = {
  'capture.ts': `web-1 ended with 0
{"code":3,"stdout":"hello from root\\n","stderr":"trouble\\n"}
8 9 10
`,
  'folder.ts': '3 words: apple, pear, quince\n',
  'limits.ts': `ended by signal 9, out of memory
EEXEC (127): cannot run "no-such-program": executable file not found in $PATH
`,
  'namespaces.ts': `processes and queues of web: 0, 0
processes and queues of web: 1, 1
mkdir: cannot create directory '/new': Operation not permitted
ECONFLICT: container web is paused: unpause it first
after unpause: 0
`,
  'live.ts': `6 * 7 is 42
2 ^ 64 is 18446744073709551616
scale = 5; 1 / 3 is .33333
bc ended with 0
`,
};

let available = false;
beforeAll(async () => {
  available = await debianImage();
}, 900_000);

describe('examples (need a Debian mirror)', () => {
  test.for(readdirSync(EXAMPLES))('%s', async (name, { skip }) => {
    expect(Object.keys(EXPECTED)).toContain(name);
    skip(!available, 'no debian image');
    const env = { ...process.env, XDG_DATA_HOME: xdgDataHome() };
    const { stdout } = await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsx'), [join(EXAMPLES, name)], { env });
    expect(stdout).toBe(EXPECTED[name]);
  });
});
