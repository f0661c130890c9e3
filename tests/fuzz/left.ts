/** Whether anything is left of containers that are gone. */

import type { RandomWorld } from './random_world.ts';
import { difference } from './reachable.ts';

export type WorldState = ReturnType<RandomWorld['state']>;

/** What is made when it is first needed and then kept, and how much of it at most: kinds of anonymous inodes, files of the layer. */
const KEPT: Readonly<Record<string, number>> = { AnonymousInode: 12, LayerInode: 8 };

/** Classes of which there are more objects, or fewer, than before. */
export const left = (before: WorldState, after: WorldState): string[] =>
  difference(before.objects, after.objects).filter((line) => {
    const name = line.split(':')[0]!;
    return (after.objects.get(name) ?? 0) > (KEPT[name] ?? 0);
  });
