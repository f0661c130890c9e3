import type { ImageHost } from '../host.ts';
import type { Store } from '../store/store.ts';
export interface PullOptions {
  readonly name?: string;
}
export async function pullReference(_host: ImageHost, _store: Store, _path: string, _options: PullOptions): Promise<string> {
  throw new Error('not yet');
}
