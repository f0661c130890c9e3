/** What is done with the bytes of a file that is in the page cache: reading, writing, changing the size. Linux: mm/filemap.c, mm/truncate.c. */

import { EFBIG } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { IovIter } from '../vfs/iov_iter.ts';
import { FRAME_REFERENCED, frameAddress } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';
import { PageCache } from './page_cache.ts';

/** MAX_LFS_FILESIZE as far as doubles are exact. */
const MAX_FILE_SIZE = 2 ** 52;

/** The page cache of one inode: file systems derive from it. */
export abstract class PageMapping extends PageCache {
  /** Copy up to `count` bytes from `pos` to the destination, up to the end of the file: bytes moved, errno or NOT_RESIDENT. */
  readInto(iter: IovIter, pos: number, count: number = iter.remaining): number {
    const length = Math.min(count, iter.remaining, this.host.size - pos);
    if (length <= 0) return 0;
    const ready = iter.prepare(length, true);
    if (ready <= 0) return ready;
    const group = iter.group ?? this.kernel.memory.root;
    if (pos === 0 && iter.mm !== null) iter.mm.headerRead = this;
    const missing = this.request(Math.floor(pos / FRAME_SIZE), Math.ceil((pos + ready) / FRAME_SIZE), group);
    if (missing === NOT_RESIDENT) return NOT_RESIDENT;
    const frames = this.kernel.memory.frames;
    let done = 0;
    while (done < ready) {
      const index = Math.floor((pos + done) / FRAME_SIZE);
      const within = (pos + done) % FRAME_SIZE;
      const part = Math.min(FRAME_SIZE - within, ready - done);
      let frame = this.peek(index);
      if (frame === 0) frame = this.isHole(index) ? this.kernel.memory.zeroFrame : this.getPage(index, false, group);
      if (frame < 0) return done > 0 ? done : frame;
      frames.get(frame);
      frames.mark(frame, FRAME_REFERENCED);
      const failed = iter.putFrame(frames, frameAddress(frame) + within, part);
      frames.put(frame);
      if (failed < 0) return done > 0 ? done : failed;
      done += part;
    }
    return done;
  }

  /** Copy up to `count` bytes of the source to `pos`, growing the file: bytes moved, errno or NOT_RESIDENT. */
  writeFrom(iter: IovIter, pos: number, count: number = iter.remaining): number {
    if (iter.remaining === 0) return 0;
    if (pos >= MAX_FILE_SIZE) return -EFBIG;
    const length = Math.min(count, iter.remaining, MAX_FILE_SIZE - pos);
    const ready = iter.prepare(length, false);
    if (ready <= 0) return ready;
    const group = iter.group ?? this.kernel.memory.root;
    const missing = this.requestEdges(pos, pos + ready, group);
    if (missing < 0) return missing;
    const frames = this.kernel.memory.frames;
    let done = 0;
    while (done < ready) {
      const at = pos + done;
      const index = Math.floor(at / FRAME_SIZE);
      const within = at % FRAME_SIZE;
      const part = Math.min(FRAME_SIZE - within, ready - done);
      const failed = this.pageToOverwrite(index, within, part, group);
      if (failed < 0) return done > 0 ? done : failed;
      const frame = this.peek(index);
      frames.get(frame);
      const fault = iter.takeFrame(frames, frameAddress(frame) + within, part);
      frames.written(frame);
      frames.put(frame);
      if (fault < 0) return done > 0 ? done : fault;
      done += part;
      if (at + part > this.host.size) this.host.size = at + part;
    }
    return done;
  }

  /** Change the size of the file: pages beyond it go, the rest of the last page becomes zero, mappings see SIGBUS there. */
  truncate(size: number): void {
    const old = this.host.size;
    this.host.size = size;
    if (size >= old) return;
    const firstGone = Math.ceil(size / FRAME_SIZE);
    this.unmapRange(firstGone, Number.POSITIVE_INFINITY, true);
    this.drop(firstGone, Number.POSITIVE_INFINITY);
    this.pages.trim(firstGone);
    this.zeroRange(size, firstGone * FRAME_SIZE);
  }

  /** Make [start, end) read as zeros and give its whole pages back. See fallocate(2), FALLOC_FL_PUNCH_HOLE. */
  punchHole(start: number, end: number): void {
    const first = Math.ceil(start / FRAME_SIZE);
    const last = Math.floor(end / FRAME_SIZE);
    if (first > last) {
      this.zeroRange(start, end);
      return;
    }
    this.zeroRange(start, first * FRAME_SIZE);
    this.zeroRange(last * FRAME_SIZE, end);
    this.unmapRange(first, last, false);
    this.drop(first, last);
  }

  /** Before a write of [start, end): its partly overwritten first and last pages must be there. */
  private requestEdges(start: number, end: number, group: MemoryGroup): number {
    const size = this.host.size;
    const first = Math.floor(start / FRAME_SIZE);
    const last = Math.floor((end - 1) / FRAME_SIZE);
    if (start % FRAME_SIZE !== 0 && first * FRAME_SIZE < size) {
      const failed = this.request(first, first + 1, group);
      if (failed < 0) return failed;
    }
    if (end % FRAME_SIZE !== 0 && end < size) return this.request(last, last + 1, group);
    return 0;
  }

  /** Make page `index` present for a write to part of it, reading the old contents only if some of them stay. */
  private pageToOverwrite(index: number, within: number, part: number, group: MemoryGroup): number {
    if (this.peek(index) === 0) {
      const start = index * FRAME_SIZE;
      const keepsOld = start < this.host.size && (within > 0 || within + part < Math.min(FRAME_SIZE, this.host.size - start));
      const failed = this.makePage(index, group, keepsOld);
      if (failed < 0) return failed;
    }
    if (!this.isDirty(index)) this.markDirty(index);
    else if (!this.holds(index)) this.getPage(index, true, group);
    return 0;
  }

  /** Zero bytes [start, end) of one page if it is in the cache or backed by data. */
  private zeroRange(start: number, end: number): void {
    if (start >= end) return;
    const index = Math.floor(start / FRAME_SIZE);
    const frame = this.getPageToZero(index);
    if (frame === 0) return;
    const at = frameAddress(frame) + (start % FRAME_SIZE);
    this.kernel.memory.frames.views.u8.fill(0, at, at + (end - start));
    this.kernel.memory.frames.written(frame);
    if (!this.isDirty(index)) this.markDirty(index);
  }

  private getPageToZero(index: number): number {
    const present = this.peek(index);
    if (present !== 0 || !this.tracksDirty || this.isHole(index)) return present;
    return Math.max(0, this.getPage(index, true, this.kernel.memory.root));
  }
}
