/** Run commands in a container and capture what they print. A non-zero exit status is data, not an exception. */

import { createEngine } from 'holm';

await using engine = await createEngine();
if (!(await engine.images.has('debian'))) await engine.pull('debian');

await using web = await engine.containers.create({
  image: 'debian',
  hostname: 'web-1',
  env: { GREETING: 'hello' },
  command: ['sleep', 'infinity'],
});
await web.start();

const host = await web.exec(['hostname']);
console.log(`${host.stdout.trim()} ended with ${host.code}`);

const shell = await web.exec(['sh', '-c', 'echo "$GREETING from $(id -un)"; echo trouble >&2; exit 3']);
console.log(JSON.stringify({ code: shell.code, stdout: shell.stdout, stderr: shell.stderr }));

const sorted = await web.exec(['sort', '-n'], { input: '10\n9\n8\n' });
console.log(sorted.stdout.trim().split('\n').join(' '));
