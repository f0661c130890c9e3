/** Where the machine's own apt gets Debian from. See sources.list(5), apt.conf(5). */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianSource, Keyring } from '../../engine/image/host.ts';

const SUITES = /^(bullseye|bookworm|trixie|forky|duke|sid|stable|oldstable|oldoldstable|testing|unstable)$/;
const SYSTEM_KEYRINGS = ['usr/share/keyrings/debian-archive-keyring.gpg', 'usr/share/keyrings/debian-archive-keyring.pgp'];

export interface AptSource {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Paths of keyrings, or an armoured key. */
  readonly signedBy: string;
  readonly checkValidUntil: boolean;
}

/** Lines "deb [options] uri suite component…". */
export function parseSourcesList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) continue;
    const options = new Map(
      (match[2] ?? '')
        .trim()
        .split(/\s+/)
        .map((option) => option.split('=', 2) as [string, string]),
    );
    sources.push({
      types: [match[1]!],
      uris: [match[3]!],
      suites: [match[4]!],
      components: match[5]!.trim().split(/\s+/),
      signedBy: (options.get('signed-by') ?? '').replaceAll(',', ' '),
      checkValidUntil: options.get('check-valid-until') !== 'no',
    });
  }
  return sources;
}

/** Stanzas of fields: the deb822 style of files that end in .sources. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const match = /^([!-9;-~]+):\s*(.*)$/.exec(line);
      if (match) {
        last = match[1]!.toLowerCase();
        fields.set(last, match[2]!);
      } else if (/^\s/.test(line) && last) fields.set(last, `${fields.get(last)}\n${line.trim() === '.' ? '' : line.trim()}`);
    }
    const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (words('uris').length === 0 || fields.get('enabled')?.toLowerCase() === 'no') continue;
    sources.push({
      types: words('types'),
      uris: words('uris'),
      suites: words('suites'),
      components: words('components'),
      signedBy: (fields.get('signed-by') ?? '').trim(),
      checkValidUntil: fields.get('check-valid-until')?.toLowerCase() !== 'no',
    });
  }
  return sources;
}

/** How much a source looks like the Debian archive itself; 0 when it does not. */
function likeness(source: AptSource, uri: string): number {
  if (!source.types.includes('deb') || !source.components.includes('main')) return 0;
  if (!/^(https?|file):/.test(uri) || !source.suites.some((suite) => SUITES.test(suite))) return 0;
  let score = 1;
  if (/\/debian\/?$/.test(uri)) score += 2;
  if (/debian-archive/.test(source.signedBy)) score += 2;
  if (source.suites.some((suite) => suite.endsWith('-updates'))) score += 1;
  return score;
}

/** apt's configuration below `root`; null when Debian is not in it. */
export async function readAptConfig(root = '/'): Promise<DebianSource | null> {
  const sources = await readSources(join(root, 'etc/apt'));
  let best: { source: AptSource; uri: string; score: number } | null = null;
  for (const source of sources) {
    for (const uri of source.uris) {
      const score = likeness(source, uri);
      if (score > (best?.score ?? 0)) best = { source, uri, score };
    }
  }
  if (!best) return null;
  const settings = await readAptSettings(root);
  return {
    mirror: best.uri.replace(/\/+$/, ''),
    keyrings: await readKeyrings(root, best.source.signedBy),
    checkValidUntil: best.source.checkValidUntil && !/\bCheck-Valid-Until\s+"?(false|no|0)\b/i.test(settings),
  };
}

async function readSources(directory: string): Promise<AptSource[]> {
  const sources = parseSourcesList(await readText(join(directory, 'sources.list')));
  for (const name of await readNames(join(directory, 'sources.list.d'))) {
    const text = await readText(join(directory, 'sources.list.d', name));
    if (name.endsWith('.list')) sources.push(...parseSourcesList(text));
    else if (name.endsWith('.sources')) sources.push(...parseDeb822Sources(text));
  }
  return sources;
}

/** Keyrings that the source names, and the machine's keys of the Debian archive. */
export async function readKeyrings(root = '/', signedBy = ''): Promise<Keyring[]> {
  const keyrings: Keyring[] = [];
  if (signedBy.includes('BEGIN PGP')) keyrings.push({ name: 'Signed-By', data: new TextEncoder().encode(signedBy) });
  const paths = signedBy
    .split(/\s+/)
    .filter((path) => path.startsWith('/'))
    .map((path) => path.slice(1));
  const trusted = (await readNames(join(root, 'etc/apt/trusted.gpg.d'))).filter((name) => name.startsWith('debian-archive-'));
  paths.push(...SYSTEM_KEYRINGS, ...trusted.map((name) => `etc/apt/trusted.gpg.d/${name}`));
  for (const path of new Set(paths)) {
    const data = await readFile(join(root, path)).catch(() => null);
    if (data) keyrings.push({ name: `/${path}`, data });
  }
  return keyrings;
}

async function readAptSettings(root: string): Promise<string> {
  const directory = join(root, 'etc/apt/apt.conf.d');
  const texts = [await readText(join(root, 'etc/apt/apt.conf'))];
  for (const name of await readNames(directory)) texts.push(await readText(join(directory, name)));
  return texts.join('\n').replace(/^\s*(\/\/|#).*$/gm, '');
}

/** The proxy that apt uses for http; null for none. */
export async function readAptProxy(root = '/'): Promise<string | null> {
  const match = /\bAcquire::http::Proxy\s+"([^"]+)"/i.exec(await readAptSettings(root));
  return match && match[1] !== 'DIRECT' ? match[1]! : null;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function readNames(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).sort();
}
