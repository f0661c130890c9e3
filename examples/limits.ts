/** Limits, and what becomes of programs that exceed them. */

import { createEngine, HolmError } from 'holm';

await using engine = await createEngine();
await using small = await engine.containers.create({
  image: 'debian',
  memory: '32m',
  pidsLimit: 10,
  command: ['perl', '-e', 'my $all = "x"; $all .= $all while 1'],
});
await small.start();
const { signal, outOfMemory } = await small.wait();
console.log(`ended by signal ${signal}${outOfMemory ? ', out of memory' : ''}`);

// What cannot be started throws: a code for programs, one line for people, docker's exit status.
try {
  await using broken = await engine.containers.create({ image: 'debian', command: ['no-such-program'] });
  await broken.start();
} catch (error) {
  if (!(error instanceof HolmError)) throw error;
  console.log(`${error.code} (${error.exitCode}): ${error.message}`);
}
