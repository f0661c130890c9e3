/** `npm pack`: builds, and puts the types of the API beside the bundles. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, run, tool } from './run.mjs';

await build({ force: true });
run(tool('tsc'), ['-b']);
rmSync(join(root, 'dist/types'), { recursive: true, force: true });
cpSync(join(root, '.build/types'), join(root, 'dist/types'), { recursive: true, filter: (path) => !path.endsWith('.map') });
