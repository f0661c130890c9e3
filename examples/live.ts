/** Talk to a running program through its streams: what is written to bc comes back calculated. */

import { createEngine } from 'holm';

await using engine = await createEngine();
await using container = await engine.containers.create({ image: 'debian', command: ['bc', '-l'], stdin: true });

// The streams of the first process can be connected before it starts.
const input = container.process.stdin.getWriter();
const output = container.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
await container.start();

const encoder = new TextEncoder();
for (const question of ['6 * 7', '2 ^ 64', 'scale = 5; 1 / 3']) {
  await input.write(encoder.encode(`${question}\n`));
  const { value = '' } = await output.read();
  console.log(`${question} is ${value.trim()}`);
}
await input.close();
const { code } = await container.wait();
console.log(`bc ended with ${code}`);
