/** `holm engine`: the per-user engine that holds the containers. */

import type { Command } from 'commander';
import { findEngine } from '../hosts/node/engine_client.ts';
import { serve } from '../hosts/node/engine_server.ts';
import { engineSocket } from '../hosts/node/engine_socket.ts';
import { build } from './remote.ts';
import { version } from './version.ts';

const DEFAULT_IDLE = 60;

export function addEngineCommand(program: Command): void {
  const engine = program.command('engine').description('the engine in the background: started by the first command, gone when idle');
  engine
    .command('serve')
    .description('serve the Docker Engine API on the unix socket of this user')
    .option('--idle <seconds>', 'end after so long without containers and connections; 0 for never', Number, DEFAULT_IDLE)
    .action(({ idle }: { idle: number }) => serve({ version, build, idle: idle === 0 ? Number.POSITIVE_INFINITY : idle }));
  engine
    .command('status')
    .description('show where the engine listens and what it holds')
    .action(async () => {
      const running = await (await findEngine())?.version();
      console.log(`Socket       ${engineSocket()}`);
      console.log(
        running === undefined
          ? 'State        not running'
          : `State        running\nContainers   ${running.Containers} (${running.Running} running)`,
      );
    });
  engine
    .command('stop')
    .description('end the engine and every container in it')
    .action(async () => {
      await (await findEngine())?.shutdown();
    });
}
