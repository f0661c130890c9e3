/** A folder of the host in a container: read what is there, leave a result. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from 'holm';

const folder = await mkdtemp(join(tmpdir(), 'holm-example-'));
await writeFile(join(folder, 'words'), 'pear\napple\nquince\n');

await using engine = await createEngine();
await using container = await engine.containers.create({
  image: 'debian',
  volumes: [{ source: folder, destination: '/work' }],
  workdir: '/work',
  readOnly: true,
  command: ['sh', '-c', 'sort words | tee sorted | wc -l'],
});
const counted = new Response(container.process.stdout).text();
await container.start();
await container.wait();
console.log(`${(await counted).trim()} words: ${(await readFile(join(folder, 'sorted'), 'utf8')).trim().split('\n').join(', ')}`);
await rm(folder, { recursive: true });
