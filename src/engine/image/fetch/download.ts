/** Downloads into the cache: resumed, retried, and kept only when size and digest are right. */

import { HolmError } from '../../error.ts';
import type { HttpRequest, ImageHost } from '../host.ts';
import { digestHex } from '../store/store.ts';
import { displayUrl, HttpStatusError, reason, request, retry } from './http.ts';

export interface Download {
  readonly url: string;
  readonly digest: string;
  /** Bytes; null when nothing says how many. */
  readonly size: number | null;
  /** Headers for the request, asked for again at every attempt. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>;
  readonly signal?: AbortSignal;
  /** Bytes that have come (negative when some turned out to be useless). */
  readonly onBytes?: (count: number) => void;
}

const DIRECTORY = 'downloads';
const READ = 1 << 20;

/** Fetch a file unless the cache has it; returns its path in the cache. */
export async function download(host: ImageHost, what: Download): Promise<string> {
  const path = `${DIRECTORY}/${digestHex(what.digest)}`;
  const cached = await hashFile(host, path);
  if (cached && `sha256:${cached.hex}` === what.digest) {
    what.onBytes?.(cached.length);
    return path;
  }
  if (cached) await host.cache.remove(path);
  const part = `${path}.part`;
  const mine = `${part}.${host.owner}`;
  await adoptPart(host, part, mine);
  try {
    await retry(host, () => fetchPart(host, what, mine), what.signal);
  } catch (error) {
    await host.cache.rename(mine, part).catch(() => false); // for the next attempt to go on with
    throw error;
  }
  await host.cache.rename(mine, path);
  return path;
}

/** Take over what an earlier attempt left: a rename decides between processes that want the same. */
async function adoptPart(host: ImageHost, part: string, mine: string): Promise<void> {
  if (await host.cache.rename(part, mine)) return;
  const prefix = `${part.slice(DIRECTORY.length + 1)}.`;
  for (const name of await host.cache.list(DIRECTORY)) {
    if (!name.startsWith(prefix)) continue;
    const owner = name.slice(prefix.length);
    if (owner !== host.owner && !(await host.ownerAlive(owner)) && (await host.cache.rename(`${DIRECTORY}/${name}`, mine))) return;
  }
}

async function hashFile(host: ImageHost, path: string): Promise<{ hex: string; length: number } | null> {
  const file = await host.cache.open(path);
  if (!file) return null;
  try {
    const hasher = host.sha256();
    for (let at = 0; at < file.size; at += READ) hasher.update(await file.read(at, READ));
    return { hex: hasher.digest(), length: file.size };
  } finally {
    await file.close();
  }
}

async function fetchPart(host: ImageHost, what: Download, path: string): Promise<void> {
  const have = (await host.cache.size(path)) ?? 0;
  const hasher = host.sha256();
  let length = 0;
  if (have > 0 && (what.size === null || have < what.size)) {
    const file = (await host.cache.open(path))!;
    for (let at = 0; at < have; at += READ) hasher.update(await file.read(at, READ));
    await file.close();
    length = have;
  }
  const headers: Record<string, string> = { ...(await what.headers?.()) };
  if (length > 0) headers['range'] = `bytes=${length}-`;
  const options: HttpRequest = { headers, ...(what.signal && { signal: what.signal }) };
  const response = await request(host, what.url, options);
  const resumed = response.status === 206 && response.header('content-range')?.startsWith(`bytes ${length}-`) === true;
  if (response.status !== 200 && !resumed) {
    response.discard();
    if (length === 0) throw new HttpStatusError(what.url, response);
    await host.cache.remove(path); // the server cannot go on from here: start anew
    return fetchPart(host, what, path);
  }
  const digest = resumed ? hasher : host.sha256();
  if (!resumed) length = 0;
  const resumedFrom = length;
  if (length > 0) what.onBytes?.(length);
  const file = await host.cache.create(path, resumed);
  try {
    length = await receive(what, response.body, length, async (bytes) => {
      digest.update(bytes);
      await file.write(bytes);
    });
  } finally {
    await file.close();
  }
  const problem = mismatch(what, length, `sha256:${digest.digest()}`);
  if (!problem) return;
  what.onBytes?.(-length);
  await host.cache.remove(path);
  if (resumedFrom > 0) return fetchPart(host, what, path); // the old part may be to blame
  throw problem;
}

/** Take the body in; returns the length of the file then. */
async function receive(
  what: Download,
  body: AsyncIterable<Uint8Array>,
  start: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  let length = start;
  let told = 0;
  try {
    for await (const bytes of body) {
      length += bytes.length;
      if (what.size !== null && length > what.size) break;
      await write(bytes);
      told += bytes.length;
      what.onBytes?.(bytes.length);
    }
  } catch (error) {
    what.onBytes?.(-start - told);
    what.signal?.throwIfAborted();
    if (error instanceof HolmError) throw error;
    throw new HolmError('ENETWORK', `${displayUrl(what.url)}: ${reason(error)}`, { cause: error });
  }
  return length;
}

function mismatch(what: Download, length: number, digest: string): HolmError | null {
  const url = displayUrl(what.url);
  if (what.size !== null && length > what.size)
    return new HolmError('EVERIFY', `${url}: more than the ${what.size} bytes that the index promises`);
  if (what.size !== null && length < what.size)
    return new HolmError('EVERIFY', `${url}: ${length} bytes instead of the ${what.size} that the index promises`);
  if (digest !== what.digest) return new HolmError('EVERIFY', `${url}: the content does not have the digest that the index promises`);
  return null;
}

/** A file of the cache as a stream. */
export async function* cachedFile(host: ImageHost, path: string): AsyncGenerator<Uint8Array> {
  const file = await host.cache.open(path);
  if (!file) throw new HolmError('ESTORE', `${path} has vanished from ${host.cache.directory}`);
  try {
    for (let at = 0; at < file.size; at += READ) yield await file.read(at, READ);
  } finally {
    await file.close();
  }
}
