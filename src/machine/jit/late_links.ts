/**
 * Calls of regions that were not translated when their callers were. A module has a table of them, whose slots lead to `goOn` until there
 * is a region at the address.
 */

import type { Translation } from './translations.ts';

/** The word where a function begins: frame * PAGE_RECORDS + index, and its address. */
export interface Destination {
  readonly place: number;
  readonly pc: number;
}

/** One slot. */
interface Link extends Destination {
  readonly table: WebAssembly.Table;
  readonly index: number;
  /** What it leads to at present. */
  target: Translation | undefined;
}

/** The slots of a module. */
export type LinksOut = readonly Link[];

/** Slots that lead to a region. */
export type LinksIn = Set<Link>;

export class LateLinks {
  /** `goOn` of the interpreter's module. */
  private readonly goOn: unknown;
  /** Slots that lead nowhere yet, by place. */
  private readonly waiting = new Map<number, Set<Link>>();

  constructor(goOn: unknown) {
    this.goOn = goOn;
  }

  /** The slots of a new module, of which `find` may know where they lead. */
  open(table: WebAssembly.Table, destinations: readonly Destination[], find: (to: Destination) => Translation | undefined): LinksOut {
    return destinations.map(({ place, pc }, index) => {
      const link: Link = { table, index, place, pc, target: undefined };
      this.wait(link);
      const target = find(link);
      if (target) this.connect(target);
      return link;
    });
  }

  /** There is a region now: what waits for it leads to it. */
  connect(target: Translation): void {
    const links = this.waiting.get(target.place);
    if (!links) return;
    for (const link of links) {
      if (link.pc !== target.entry) continue;
      this.stopWaiting(link);
      link.table.set(link.index, target.function);
      link.target = target;
      target.links.add(link);
    }
  }

  /** There is no such region any more. */
  disconnect(target: Translation): void {
    for (const link of target.links) {
      link.table.set(link.index, this.goOn);
      link.target = undefined;
      this.wait(link);
    }
    target.links.clear();
  }

  /** The module of these slots is gone. */
  close(links: LinksOut): void {
    for (const link of links) {
      if (link.target) link.target.links.delete(link);
      else this.stopWaiting(link);
    }
  }

  private wait(link: Link): void {
    const others = this.waiting.get(link.place);
    if (others) others.add(link);
    else this.waiting.set(link.place, new Set([link]));
  }

  private stopWaiting(link: Link): void {
    const others = this.waiting.get(link.place);
    others?.delete(link);
    if (others?.size === 0) this.waiting.delete(link.place);
  }
}
