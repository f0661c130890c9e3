/** `holm inspect`: everything about containers and images, as JSON or by a template. */

import type { Command } from 'commander';
import { findEngine } from '../hosts/node/engine_client.ts';
import { HolmError } from '../hosts/node/index.ts';
import { openEngine } from './open_engine.ts';

interface InspectFlags {
  format?: string;
  type?: string;
}

const FIELD = /\{\{\s*(json\s+)?\.([\w.]*)\s*\}\}/g;

/** The value at `.State.Status`; the empty path is the object itself. */
function valueAt(object: unknown, path: string): unknown {
  let at = object;
  for (const name of path.split('.').filter((part) => part !== '')) {
    if (typeof at !== 'object' || at === null || !(name in at))
      throw new HolmError('EOPTION', `template: no field "${name}" in ".${path}"`);
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** `{{.State.Status}} {{json .Config.Env}}` filled in. */
function fill(object: unknown, format: string): string {
  return format.replace(FIELD, (_, json: string | undefined, path: string) => {
    const value = valueAt(object, path);
    return json === undefined && typeof value !== 'object' ? String(value) : JSON.stringify(value);
  });
}

/** Containers first, as docker has it. */
async function find(name: string, type: string | undefined): Promise<unknown> {
  if (type !== 'image') {
    const client = await findEngine();
    try {
      if (client !== null) return await client.inspect(name);
    } catch (error) {
      if (!(error instanceof HolmError) || error.code !== 'ENOCONTAINER') throw error;
    }
    if (type === 'container') throw new HolmError('ENOCONTAINER', `no container is called "${name}"`);
  }
  await using engine = await openEngine();
  try {
    return await engine.images.inspect(name);
  } catch (error) {
    if (type === 'image' || !(error instanceof HolmError) || error.code !== 'ENOIMAGE') throw error;
    throw new HolmError('ENOIMAGE', `no container or image is called "${name}"`);
  }
}

async function inspect(names: readonly string[], { format, type }: InspectFlags): Promise<void> {
  if (type !== undefined && type !== 'container' && type !== 'image')
    throw new HolmError('EOPTION', `invalid --type "${type}": container or image`);
  const found: unknown[] = [];
  for (const name of names) {
    try {
      const object = await find(name, type);
      if (format === undefined || format === 'json') found.push(object);
      else console.log(fill(object, format));
    } catch (error) {
      if (!(error instanceof HolmError)) throw error;
      process.stderr.write(`holm: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
  if (format === undefined) console.log(JSON.stringify(found, null, 4));
  else if (format === 'json') console.log(JSON.stringify(found));
}

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('show everything about containers and images as JSON')
    .argument('<name...>', 'names or ids')
    .option('-f, --format <format>', 'json, or a template such as "{{.State.Status}}"')
    .option('--type <type>', 'container or image')
    .action(inspect);
}
