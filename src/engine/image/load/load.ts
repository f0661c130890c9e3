import type { ImageHost } from '../host.ts';
import type { Store } from '../store/store.ts';
export interface LoadOptions {
  readonly name?: string;
}
export async function loadArchive(_host: ImageHost, _store: Store, _path: string, _options: LoadOptions): Promise<string[]> {
  throw new Error('not yet');
}
