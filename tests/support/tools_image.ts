/** The image "tools" in the tests' store: Debian with container tools, built once from the machine's mirror, then kept in .build. */

import { join } from 'node:path';
import { createEngine } from '../../src/hosts/node/index.ts';
import { createOwner } from '../../src/hosts/node/owner.ts';
import { NodeStoreFiles } from '../../src/hosts/node/store_files.ts';
import { dataDirectory } from './debian_image.ts';

const PACKAGES = ['bubblewrap', 'busybox-static', 'crun', 'hostname', 'iproute2', 'libcap2-bin', 'procps', 'runc', 'strace', 'uidmap'];

/** Whether the image is there, or could be built: false where no mirror answers. */
export async function toolsImage(): Promise<boolean> {
  await using engine = await createEngine({ dataDirectory });
  try {
    await new NodeStoreFiles(join(dataDirectory, '../test-pull-tools'), createOwner()).locked(async () => {
      if (!(await engine.images.has('tools'))) await engine.pull('debian', { include: PACKAGES, name: 'tools' });
    });
    return true;
  } catch (error) {
    console.warn(`no image of container tools, and none can be built: ${(error as Error).message}`);
    return false;
  }
}
