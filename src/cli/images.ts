/** `holm pull`, `load`, `images` and `rmi`. */

import type { Command } from 'commander';
import { type Engine, HolmError } from '../hosts/node/index.ts';
import { many } from './container_options.ts';
import { table } from './format.ts';
import { interruptible, openEngine } from './open_engine.ts';
import { ProgressDisplay } from './progress.ts';

interface PullFlags {
  mirror?: string;
  suite?: string;
  include?: string;
  keyring?: string[];
  as?: string;
}

/** Fetch an image, showing how far it is; Ctrl-C ends it, and what was downloaded is used the next time. */
async function pull(engine: Engine, name: string, flags: Partial<PullFlags>): Promise<string> {
  const progress = new ProgressDisplay();
  try {
    return await interruptible((signal) =>
      engine.pull(name, {
        onProgress: progress.show,
        signal,
        ...(flags.mirror !== undefined && { mirror: flags.mirror }),
        ...(flags.suite !== undefined && { suite: flags.suite }),
        ...(flags.include !== undefined && { include: flags.include.split(',').filter((p) => p !== '') }),
        ...(flags.keyring !== undefined && flags.keyring.length > 0 && { keyrings: flags.keyring }),
        ...(flags.as !== undefined && { name: flags.as }),
      }),
    );
  } finally {
    progress.end();
  }
}

/** Make sure that an image is here before it is used. */
export async function ensureImage(engine: Engine, name: string, when: string, mirror: string | undefined): Promise<void> {
  const here = await engine.images.has(name);
  if (when === 'never' && !here) throw new HolmError('ENOIMAGE', `no image "${name}" here, and --pull never was given`);
  if (when === 'never' || (when === 'missing' && here)) return;
  if (!here) process.stderr.write(`holm: image "${name}" is not here yet: fetching it\n`);
  await pull(engine, name, mirror === undefined ? {} : { mirror });
}

function size(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)}kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)}MB` : `${(bytes / 1e9).toFixed(2)}GB`;
}

function age(created: string): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(created)) / 1000);
  if (!Number.isFinite(seconds)) return 'unknown';
  const units: readonly (readonly [string, number])[] = [
    ['year', 31536000],
    ['month', 2592000],
    ['week', 604800],
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ];
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

const shortId = (id: string): string => id.replace('sha256:', '').slice(0, 12);

export function addImageCommands(program: Command): void {
  program
    .command('pull')
    .summary('fetch an image')
    .description(
      'Fetch an image. The name "debian" stands for a Debian image that is built here, from the packages of a Debian mirror; ' +
        'any other name is a reference to a registry. What was downloaded before is used again.',
    )
    .argument('<name>', 'debian, or a reference such as alpine:3.20 or registry.example:5000/app')
    .option('--mirror <url>', "Debian mirror (default: $HOLM_MIRROR, then the one of this machine's apt)")
    .option('--suite <name>', 'Debian suite', 'trixie')
    .option('--include <packages>', 'more Debian packages, separated by commas')
    .option('--keyring <file>', "trust these OpenPGP keys instead of the machine's Debian keys", many)
    .option('--as <name>', 'name that the image gets here')
    .addHelpText(
      'after',
      `
Examples:
  holm pull debian
  holm pull --include python3,git --as dev debian
  holm pull --mirror http://mirror.example/debian debian
  holm pull registry.example:5000/team/app:1.0`,
    )
    .action(async (name: string, flags: PullFlags) => {
      await using engine = await openEngine();
      console.log(shortId(await pull(engine, name, flags)));
    });
  program
    .command('load')
    .summary('load images from an archive')
    .description(
      'Load images from an OCI layout (a folder or a tar of one), from what docker save writes, or from the tar of a root file ' +
        'system. Archives may be compressed with gzip, xz or zstd; what they are is told from their content.',
    )
    .argument('<archive>', 'file or folder; - for standard input')
    .option('--as <name>', 'name for an archive that carries none')
    .addHelpText(
      'after',
      `
Examples:
  docker save alpine | holm load -
  holm load --as mine rootfs.tar.xz`,
    )
    .action(async (archive: string, flags: { as?: string }) => {
      await using engine = await openEngine();
      const progress = new ProgressDisplay();
      let names: string[];
      try {
        names = await interruptible((signal) =>
          engine.images.load(archive, { onProgress: progress.show, signal, ...(flags.as !== undefined && { name: flags.as }) }),
        );
      } finally {
        progress.end();
      }
      for (const name of names) console.log(`Loaded image: ${name}`);
    });
  program
    .command('images')
    .description('list images')
    .option('-q, --quiet', 'ids only')
    .action(async (flags: { quiet?: boolean }) => {
      await using engine = await openEngine();
      const images = await engine.images.list();
      if (flags.quiet) for (const image of images) console.log(shortId(image.id));
      else {
        const rows = images.map((image) => [image.name ?? '<none>', shortId(image.id), age(image.created), size(image.size)]);
        console.log(table([['NAME', 'IMAGE ID', 'CREATED', 'SIZE'], ...rows]));
      }
    });
  program
    .command('rmi')
    .summary('remove images')
    .description('Remove names of images; an image goes with its last name, and its layers with the last image that needs them.')
    .argument('<image...>', 'names or ids')
    .action(async (names: string[]) => {
      await using engine = await openEngine();
      for (const name of names) for (const removed of await engine.images.remove(name)) console.log(removed);
    });
}
