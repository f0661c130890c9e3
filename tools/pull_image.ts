/** Pulls images into the user's store: npx tsx tools/pull_image.ts NAME [PACKAGE…]. */

import { createImageStore } from '../src/hosts/node/image_host.ts';

const [name = 'debian', ...include] = process.argv.slice(2);
const { images } = createImageStore();
let phase = '';
const id = await images.pull(name, {
  include,
  onProgress: (progress) => {
    if (progress.phase !== phase) console.error(progress.phase);
    phase = progress.phase;
  },
});
await images.close();
console.log(id);
