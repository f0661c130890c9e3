/** `npm start`: the default image, then a shell on a terminal or a short demonstration without one. */

import type { Command } from 'commander';
import { ensureImage } from './images.ts';
import { openEngine } from './open_engine.ts';
import { runContainer } from './run.ts';

const DEMO = `
echo "== uname: the container's own host name, the shared kernel"; uname -a
echo "== ps: its own process ids, and nobody else's"; ps -ef
echo "== ipcs: no IPC objects but its own"; ipcs
echo "== a pipeline of Debian's unmodified programs"; ls /usr/bin | wc -l | sed 's/$/ programs in \\/usr\\/bin/'
`;

export function addDemoCommand(program: Command): void {
  program
    .command('demo', { hidden: true })
    .description('the default image: a shell on a terminal, else a demonstration')
    .action(async () => {
      await using engine = await openEngine();
      await ensureImage(engine, 'debian', 'missing', undefined);
      const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      const shell = terminal ? ['bash'] : ['sh', '-ec', DEMO];
      if (terminal) process.stderr.write('A container with namespaces of its own; "exit" leaves it.\n');
      process.exitCode = await runContainer(engine, { image: 'debian', hostname: 'holm', command: shell, tty: terminal, stdin: terminal });
    });
}
