/** Containers of one kernel that share what they are told to, and are frozen for a while: `npx tsx examples/namespaces.ts`. */

import { createEngine, HolmError } from 'holm';

await using engine = await createEngine();

await using web = await engine.containers.create({
  image: 'debian',
  name: 'web',
  hostname: 'web-1',
  ipc: 'shareable',
  command: ['sleep', 'infinity'],
});
await web.start();
await web.exec(['ipcmk', '-Q']);

// A neighbour sees nothing of it; a companion sees its processes and its message queues.
const look = ['sh', '-c', 'ps -eo args= | grep -c "^sleep"; ipcs -q | grep -c ^0x; :'];
for (const shared of [{}, { pid: 'container:web', ipc: 'container:web' }]) {
  await using other = await engine.containers.create({ image: 'debian', command: ['cat'], stdin: true, ...shared });
  await other.start();
  const { stdout } = await other.exec(look);
  console.log(`processes and queues of web: ${stdout.trim().replace('\n', ', ')}`);
}

// A filter of system calls as docker's profiles have it, in a user namespace of its own.
await using careful = await engine.containers.create({
  image: 'debian',
  userns: 'private',
  seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdirat'], action: 'SCMP_ACT_ERRNO' }] },
  command: ['sleep', 'infinity'],
});
await careful.start();
console.log((await careful.exec(['mkdir', '/new'])).stderr.trim());

// Nothing runs in a paused container, and nothing can be executed in it.
web.pause();
try {
  await web.exec(['true']);
} catch (error) {
  if (!(error instanceof HolmError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
web.unpause();
console.log(`after unpause: ${(await web.exec(['true'])).code}`);
