/** The image "debian" in a store of the tests' own: built once from the machine's mirror, then kept in .build. */

import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../../src/hosts/node/index.ts';
import { createOwner } from '../../src/hosts/node/owner.ts';
import { NodeStoreFiles } from '../../src/hosts/node/store_files.ts';

const BUILD = join(import.meta.dirname, '../../.build');

/** The store, as engines want it. */
export const dataDirectory: string = join(BUILD, 'test-images');

/** $XDG_DATA_HOME for commands that shall use the same store. */
export function xdgDataHome(): string {
  const home = join(BUILD, 'test-home');
  mkdirSync(home, { recursive: true });
  mkdirSync(dataDirectory, { recursive: true });
  if (!existsSync(join(home, 'holm'))) symlinkSync(dataDirectory, join(home, 'holm'));
  return home;
}

/** Whether the image is there, or could be built: false where no mirror answers. Test files that run at a time build it once. */
export async function debianImage(): Promise<boolean> {
  await using engine = await createEngine({ dataDirectory });
  try {
    await new NodeStoreFiles(join(BUILD, 'test-pull'), createOwner()).locked(async () => {
      if (!(await engine.images.has('debian'))) await engine.pull('debian');
    });
    return true;
  } catch (error) {
    console.warn(`no debian image, and none can be built: ${(error as Error).message}`);
    return false;
  }
}
