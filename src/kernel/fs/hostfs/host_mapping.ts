/** The page cache of a file of a host folder: read from the host, written back to it. */

import { EIO } from '../../../abi/errno.ts';
import { PageMapping } from '../../mm/page_mapping.ts';
import type { HostInode } from './host_inode.ts';

const READ_AHEAD = 16;

export class HostMapping extends PageMapping {
  declare readonly host: HostInode;

  constructor(inode: HostInode) {
    super(inode.sb.kernel, inode);
  }

  protected override get readAhead(): number {
    return READ_AHEAD;
  }

  override get tracksDirty(): boolean {
    return true;
  }

  protected override fill(offset: number, target: Uint8Array): number {
    const { folder, handle } = this.host;
    if (folder === null || handle < 0) return -EIO;
    const count = folder.read(handle, offset, target);
    if (count < 0) return count;
    target.fill(0, count);
    return 0;
  }

  protected override store(offset: number, source: Uint8Array): number {
    const { folder, handle } = this.host;
    if (folder === null || handle < 0) return -EIO;
    const count = folder.write(handle, offset, source);
    if (count < 0) return count;
    return count < source.length ? -EIO : 0;
  }
}
