/** Images for tests: archives made in memory, servers that are functions, stores in temporary directories. */

import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { concat, fromByteString, printable, utf8 } from '../../src/engine/image/bytes.ts';
import type { HttpClient, HttpRequest, HttpResponse, ImageHost } from '../../src/engine/image/host.ts';
import { padding, type TarEntry } from '../../src/engine/image/tar/entry.ts';
import { formatMember, TAR_END } from '../../src/engine/image/tar/writer.ts';
import { createImageHost } from '../../src/hosts/node/image_host.ts';
import type { Layer } from '../../src/platform/layer.ts';

export type Member = Partial<TarEntry> & { readonly name: string; readonly data?: string | Uint8Array };

/** A tar archive. A name that ends in `/` makes a directory. */
export function tar(members: readonly Member[]): Uint8Array {
  const parts = members.map(({ data = '', ...entry }) => {
    const bytes = typeof data === 'string' ? fromByteString(data) : data;
    const whole: TarEntry = {
      type: entry.name.endsWith('/') ? 'dir' : 'file',
      mode: entry.name.endsWith('/') ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      size: bytes.length,
      mtimeSeconds: 1,
      mtimeNanoseconds: 0,
      linkName: '',
      devMajor: 0,
      devMinor: 0,
      xattrs: new Map(),
      runs: null,
      ...entry,
    };
    return concat([formatMember(whole), bytes, new Uint8Array(padding(bytes.length))]);
  });
  return concat([...parts, TAR_END]);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** The connection is lost after so many bytes of the body. */
  readonly cut?: number;
}

export type Handler = (url: URL, request: HttpRequest) => Answer | null;

/** A client whose server is a function; null means that nobody answers. `log` collects what is asked for. */
export class FakeHttp implements HttpClient {
  readonly log: string[] = [];
  handler: Handler;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  async request(url: string, request: HttpRequest): Promise<HttpResponse> {
    const target = new URL(url);
    this.log.push(target.pathname + target.search);
    const answer = this.handler(target, request);
    if (!answer) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    let body = typeof answer.body === 'string' ? utf8(answer.body) : (answer.body ?? new Uint8Array(0));
    let { status = 200 } = answer;
    const headers: Record<string, string> = { ...answer.headers };
    const range = /^bytes=(\d+)-$/.exec(request.headers?.['range'] ?? '');
    if (range && status === 200) {
      const from = Number(range[1]);
      status = from < body.length ? 206 : 416;
      headers['content-range'] = `bytes ${from}-${body.length - 1}/${body.length}`;
      body = body.subarray(from);
    }
    const { cut } = answer;
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      const end = Math.min(cut ?? body.length, body.length);
      for (let at = 0; at < end; at += 1000) yield body.subarray(at, Math.min(at + 1000, end));
      if (end < body.length) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    };
    return { status, header: (name) => headers[name] ?? null, body: stream(), discard: () => undefined };
  }
}

/** A host with an empty store in a temporary directory, no configuration, and no waiting. */
export function testHost(overrides: Partial<ImageHost> = {}): ImageHost & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'holm-images-'));
  const host = createImageHost({
    environment: { HOME: directory },
    dataDirectory: join(directory, 'data'),
    cacheDirectory: join(directory, 'cache'),
    root: join(directory, 'root'),
  });
  return { ...host, sleep: async () => undefined, ...overrides, directory };
}

function arMember(name: string, data: Uint8Array): Uint8Array {
  const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(data.length).padEnd(10)}\`\n`;
  return concat([utf8(header), data, new Uint8Array(data.length % 2).fill(10)]);
}

export interface TestPackage {
  /** Fields of the control file. */
  readonly control: Readonly<Record<string, string>>;
  readonly files?: readonly Member[];
  /** More members of control.tar. */
  readonly scripts?: Readonly<Record<string, string>>;
}

function controlText(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

/** A .deb. */
export function deb({ control, files = [], scripts = {} }: TestPackage): Uint8Array {
  const members: Member[] = [{ name: './' }, { name: './control', data: controlText({ ...control, Architecture: 'arm64' }) }];
  for (const [name, data] of Object.entries(scripts)) members.push({ name: `./${name}`, data, mode: 0o755 });
  return concat([
    utf8('!<arch>\n'),
    arMember('debian-binary', utf8('2.0\n')),
    arMember('control.tar.gz', gzipSync(tar(members))),
    arMember('data.tar.gz', gzipSync(tar([{ name: './' }, ...files]))),
  ]);
}

/** A package that says what a system of packages needs at least. */
export const TEST_PACKAGES: readonly TestPackage[] = [
  {
    control: { Package: 'base-files', Version: '1', Essential: 'yes', Priority: 'required', 'Pre-Depends': 'awk' },
    files: [
      { name: './bin', type: 'symlink', linkName: 'usr/bin' },
      { name: './usr/' },
      { name: './usr/bin/' },
      { name: './etc/' },
      { name: './etc/issue', data: 'Debian' },
    ],
    scripts: { conffiles: '/etc/issue\n', triggers: 'interest-noawait /usr/lib32\ninterest ldconfig\n', preinst: '#!/bin/sh\n' },
  },
  {
    control: { Package: 'mawk', Version: '2', Priority: 'required', Provides: 'awk', Depends: 'libc6 (>= 2.30) | libc6.1' },
    files: [{ name: './usr/bin/mawk', data: 'mawk' }],
  },
  { control: { Package: 'libc6', Version: '2.41-1', 'Multi-Arch': 'same' }, files: [{ name: './bin/ldd', data: 'ldd' }] },
  {
    control: { Package: 'base-passwd', Version: '3', Priority: 'required' },
    files: [{ name: './usr/share/base-passwd/passwd.master', data: 'root:*:0:0' }],
  },
  ...['apt', 'bc', 'less', 'procps', 'xz-utils', 'zstd'].map((name) => ({ control: { Package: name, Version: '1' } })),
  { control: { Package: 'extra', Version: '1:2', Depends: 'libfoo1 (= 1), unknown | bc' } },
  { control: { Package: 'libfoo1', Version: '1', Conflicts: 'libfoo2' } },
  { control: { Package: 'libfoo2', Version: '1' } },
  { control: { Package: 'broken', Version: '1', Depends: 'libc6 (>= 99)' } },
];

export interface MirrorParts {
  /** Each file of the mirror by its path. */
  readonly files: Map<string, Uint8Array>;
  readonly packages: Uint8Array;
  /** The text of the Release file. */
  release: string;
}

/** A mirror of the packages, not signed yet. */
export function mirror(packages: readonly TestPackage[] = TEST_PACKAGES, fields: Readonly<Record<string, string>> = {}): MirrorParts {
  const files = new Map<string, Uint8Array>();
  let index = '';
  for (const one of packages) {
    const data = deb(one);
    const { Package: name = '', Version: version = '' } = one.control;
    const filename = `pool/main/${name[0]}/${name}/${name}_${version.replace(':', '%3a')}_arm64.deb`;
    files.set(filename, data);
    index += `${controlText({ Architecture: 'arm64', ...one.control, Filename: filename, Size: String(data.length), SHA256: sha256(data) })}\n`;
  }
  const compressed = gzipSync(utf8(index));
  const path = 'main/binary-arm64/Packages.gz';
  files.set(`dists/trixie/${path}`, compressed);
  files.set(`dists/trixie/main/binary-arm64/by-hash/SHA256/${sha256(compressed)}`, compressed);
  const release = controlText({
    Origin: 'Debian',
    Suite: 'stable',
    Codename: 'trixie',
    Date: new Date(Date.now() - 86_400_000).toUTCString(),
    'Acquire-By-Hash': 'yes',
    Architectures: 'all amd64 arm64',
    ...fields,
    SHA256: `\n ${sha256(compressed)} ${compressed.length} ${path}`,
  });
  return { files, packages: compressed, release };
}

export function serve(files: ReadonlyMap<string, Uint8Array>, base = '/debian/'): Handler {
  return (url) => {
    const body = url.pathname.startsWith(base) ? files.get(decodeURIComponent(url.pathname.slice(base.length))) : undefined;
    return body ? { body } : { status: 404 };
  };
}

/** The layer's tree for people, one line a file, as `ls -l` has it: for tests and debugging. */
export function describeLayer(layer: Layer): string[] {
  const lines: string[] = [];
  const walk = (ino: number, path: string): void => {
    const mode = layer.mode(ino).toString(8).padStart(6, '0');
    const link = layer.symlink(ino);
    lines.push(
      `${mode} ${layer.uid(ino)}:${layer.gid(ino)} ${layer.nlink(ino)} ${layer.size(ino)} ${printable(path) || '/'}${link ? ` -> ${printable(link)}` : ''}`,
    );
    for (let i = 0; i < layer.entries(ino); i++) walk(layer.entryInode(ino, i), `${path}/${layer.entryName(ino, i)}`);
  };
  walk(1, '');
  return lines;
}
