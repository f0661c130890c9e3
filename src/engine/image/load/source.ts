/** Where the parts of an image archive are read from: a directory, or a tar archive that was stored as it came. */

import { HolmError } from '../../error.ts';
import { collect } from '../bytes.ts';
import type { HostFiles } from '../host.ts';
import type { LayerBuilder } from '../layer_builder.ts';
import { S_IFLNK, S_IFMT, S_IFREG, type TreeNode } from '../layer_tree.ts';
import type { LayerDraft } from '../store/store.ts';

const MAX_DOCUMENT = 16 << 20;
const MAX_LINKS = 8;
const READ = 1 << 20;

export interface ArchiveSource {
  /** Null when there is no such file. */
  stream(path: string): Promise<AsyncIterable<Uint8Array> | null>;
}

export async function readDocument(source: ArchiveSource, path: string): Promise<Uint8Array | null> {
  const stream = await source.stream(path);
  if (!stream) return null;
  let length = 0;
  const limited = async function* (): AsyncGenerator<Uint8Array> {
    for await (const part of stream) {
      length += part.length;
      if (length > MAX_DOCUMENT) throw new HolmError('EARCHIVE', `${path} is too large`);
      yield part;
    }
  };
  return collect(limited());
}

export class DirectorySource implements ArchiveSource {
  private readonly files: HostFiles;
  private readonly directory: string;

  constructor(files: HostFiles, directory: string) {
    this.files = files;
    this.directory = directory;
  }

  async stream(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const whole = `${this.directory}/${path}`;
    return (await this.files.kind(whole)) === 'file' ? this.files.stream(whole) : null;
  }
}

/** Members of a tar archive that a layer builder has taken in. */
export class TreeSource implements ArchiveSource {
  private readonly builder: LayerBuilder;
  private readonly draft: LayerDraft;

  constructor(builder: LayerBuilder, draft: LayerDraft) {
    this.builder = builder;
    this.draft = draft;
  }

  async stream(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const node = this.find(path);
    return node ? this.content(node) : null;
  }

  /** The regular file at a path, links followed. */
  find(path: string): TreeNode | null {
    let at = path;
    for (let links = 0; links < MAX_LINKS; links++) {
      const node = this.builder.find(at);
      if (!node) return null;
      const type = node.mode & S_IFMT;
      if (type === S_IFREG) return node;
      if (type !== S_IFLNK) return null;
      at = node.symlink.startsWith('/') ? node.symlink : normal(`${at.slice(0, at.lastIndexOf('/') + 1)}${node.symlink}`);
    }
    return null;
  }

  private async *content(node: TreeNode): AsyncGenerator<Uint8Array> {
    await this.builder.flush();
    let position = 0;
    const zeros = function* (count: number): Generator<Uint8Array> {
      for (let left = count; left > 0; left -= READ) yield new Uint8Array(Math.min(left, READ));
    };
    for (let i = 0; i < node.extents.length; i += 3) {
      const [file, blob, length] = node.extents.slice(i, i + 3) as [number, number, number];
      yield* zeros(file - position);
      for (let at = 0; at < length; at += READ) yield await this.draft.read(blob + at, Math.min(READ, length - at));
      position = file + length;
    }
    yield* zeros(node.size - position);
  }
}

/** A path without `.` and `..`, which stay inside the archive. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
