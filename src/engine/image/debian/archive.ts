/** A Debian mirror: the signed index, the package index and the packages, each verified by the one before. */

import { HolmError } from '../../error.ts';
import { collect } from '../bytes.ts';
import { decompress } from '../compression.ts';
import { cachedFile, download } from '../fetch/download.ts';
import { displayUrl, fetchDocument, HttpStatusError } from '../fetch/http.ts';
import type { DebianSource, ImageHost } from '../host.ts';
import type { ProgressListener } from '../progress.ts';
import { type Package, PackageIndex } from './package_index.ts';
import { parseRelease, type Release, verifyClearSigned } from './release.ts';

export const ARCHITECTURE = 'arm64';
const INDEX_DIRECTORY = `main/binary-${ARCHITECTURE}`;
const MAX_RELEASE = 16 << 20;
const INDEX_NAMES = ['Packages.xz', 'Packages.gz'];
const PARALLEL = 6;

export interface ArchiveOptions {
  readonly suite: string;
  readonly signal?: AbortSignal;
  readonly onProgress: ProgressListener;
}

export class DebianArchive {
  private readonly host: ImageHost;
  private readonly source: DebianSource;
  private readonly options: ArchiveOptions;
  private readonly base: string;

  constructor(host: ImageHost, source: DebianSource, options: ArchiveOptions) {
    this.host = host;
    this.source = source;
    this.options = options;
    this.base = source.mirror.replace(/\/+$/, '');
  }

  private get suiteUrl(): string {
    return `${this.base}/dists/${this.options.suite}`;
  }

  async release(): Promise<Release> {
    const { suite, signal } = this.options;
    const url = `${this.suiteUrl}/InRelease`;
    const what = displayUrl(url);
    this.options.onProgress({ phase: 'Fetching package index', done: 0, total: 0, unit: 'bytes' });
    const document = await fetchDocument(this.host, url, MAX_RELEASE, signal ? { signal } : {});
    if (!document) throw new HolmError('ENETWORK', `${what}: not found; is ${displayUrl(this.base)} a Debian mirror that has ${suite}?`);
    const now = this.host.now();
    const release = parseRelease(await verifyClearSigned(document, this.source.keyrings, now, what), what);
    if (release.suite !== suite && release.codename !== suite) {
      throw new HolmError('EVERIFY', `${what}: it describes ${release.codename || release.suite}, not ${suite}`);
    }
    if (this.source.checkValidUntil && release.validUntil && !(release.validUntil > now)) {
      throw new HolmError(
        'EVERIFY',
        `${what}: it has expired on ${release.validUntil.toISOString().slice(0, 10)}; the mirror is out of date`,
      );
    }
    if (!release.architectures.includes(ARCHITECTURE))
      throw new HolmError('EPLATFORM', `${what}: the mirror has no packages for ${ARCHITECTURE}`);
    return release;
  }

  /** Names what the mirror offers now. */
  indexDigest(release: Release): string {
    return this.indexFile(release).sha256;
  }

  async packages(release: Release): Promise<PackageIndex> {
    const { name, size, sha256 } = this.indexFile(release);
    let done = 0;
    const onBytes = (count: number): void => {
      done += count;
      this.options.onProgress({ phase: 'Fetching package index', done, total: size, unit: 'bytes' });
    };
    const urls = release.acquireByHash
      ? [`${this.suiteUrl}/${INDEX_DIRECTORY}/by-hash/SHA256/${sha256}`, `${this.suiteUrl}/${name}`]
      : [`${this.suiteUrl}/${name}`];
    const path = await this.firstOf(urls, { digest: `sha256:${sha256}`, size, onBytes });
    const plain = await collect(decompress(cachedFile(this.host, path), this.host.gunzip));
    return new PackageIndex(plain);
  }

  private indexFile(release: Release): { readonly name: string; readonly size: number; readonly sha256: string } {
    for (const name of INDEX_NAMES) {
      const file = release.files.get(`${INDEX_DIRECTORY}/${name}`);
      if (file) return { name: `${INDEX_DIRECTORY}/${name}`, ...file };
    }
    throw new HolmError('EVERIFY', `${displayUrl(this.suiteUrl)}/InRelease: it lists no package index for ${ARCHITECTURE}`);
  }

  /** Fetch the packages, several at a time; each promise gives the path in the cache. */
  fetch(packages: readonly Package[]): Promise<string>[] {
    const total = packages.reduce((sum, one) => sum + one.size, 0);
    let done = 0;
    const onBytes = (count: number): void => {
      done += count;
      this.options.onProgress({ phase: 'Downloading packages', done, total, unit: 'bytes' });
    };
    const failure = new AbortController();
    const signal = this.options.signal ? AbortSignal.any([this.options.signal, failure.signal]) : failure.signal;
    const limit = createLimit(PARALLEL);
    return packages.map((one) => {
      const result = limit(async () => {
        signal.throwIfAborted();
        const url = `${this.base}/${one.filename.replaceAll('%3a', '%253a')}`;
        return download(this.host, { url, digest: `sha256:${one.sha256}`, size: one.size, signal, onBytes });
      });
      result.catch((error) => failure.abort(error)); // the others need not be fetched
      return result;
    });
  }

  private async firstOf(
    urls: readonly string[],
    what: { digest: string; size: number; onBytes: (count: number) => void },
  ): Promise<string> {
    const { signal } = this.options;
    let last: unknown;
    for (const url of urls) {
      try {
        return await download(this.host, { url, ...what, ...(signal && { signal }) });
      } catch (error) {
        last = error;
        if (error instanceof HolmError && error.code === 'EVERIFY') {
          throw new HolmError(
            'EVERIFY',
            `${displayUrl(this.base)}: the package index is not the one that was signed; the mirror is being synchronised or broken, try again later or another --mirror`,
            { cause: error },
          );
        }
        if (!(error instanceof HttpStatusError && error.status === 404)) throw error;
      }
    }
    throw last;
  }
}

/** Runs at most `count` actions at a time, in the order in which they are given. */
export function createLimit(count: number): <T>(action: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (action) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await action();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
