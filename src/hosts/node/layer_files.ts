/** Stored layers for the kernel, read synchronously: indexes once, content page by page. */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { LayerIndex } from '../../engine/image/layer_index.ts';
import type { BlockStore } from '../../platform/blocks.ts';
import type { Layer, LayerStore } from '../../platform/layer.ts';

const EIO = 5;
const ENOENT = 2;

export class LayerFiles implements LayerStore, BlockStore {
  private readonly directory: string;
  private readonly layers = new Map<string, Layer>();
  private readonly descriptors = new Map<string, number>();

  /** `directory` is the store's: $XDG_DATA_HOME/holm. */
  constructor(directory: string) {
    this.directory = directory;
  }

  layer(id: string): Layer | null {
    const known = this.layers.get(id);
    if (known) return known;
    try {
      const layer = new LayerIndex(id, readFileSync(this.path(id, 'index')));
      this.layers.set(id, layer);
      return layer;
    } catch {
      return null;
    }
  }

  read(id: string, offset: number, target: Uint8Array): number {
    try {
      let descriptor = this.descriptors.get(id);
      if (descriptor === undefined) {
        descriptor = openSync(this.path(id, 'content'), 'r');
        this.descriptors.set(id, descriptor);
      }
      let done = 0;
      while (done < target.length) {
        const count = readSync(descriptor, target, done, target.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    } catch (error) {
      return (error as { code?: string }).code === 'ENOENT' ? -ENOENT : -EIO;
    }
  }

  close(): void {
    for (const descriptor of this.descriptors.values()) closeSync(descriptor);
    this.descriptors.clear();
  }

  private path(id: string, file: string): string {
    return join(this.directory, 'layers', id.replace(/^sha256:/, ''), file);
  }
}
