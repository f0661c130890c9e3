/** The archive's list of packages. It is large (tens of megabytes), so stanzas are read when they are asked for. */

import { HolmError } from '../../error.ts';
import { byteString } from '../bytes.ts';
import { parseStanza, type Stanza } from './control.ts';
import { parseRelations, type Relations } from './relations.ts';
import { compareVersions } from './version.ts';

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly priority: string;
  readonly essential: boolean;
  /** Depends and Pre-Depends. */
  readonly depends: Relations;
  /** Conflicts and Breaks. */
  readonly conflicts: Relations;
  readonly provides: readonly Provided[];
  /** Path below the mirror. */
  readonly filename: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Provided {
  readonly name: string;
  readonly version: string | null;
}

export class PackageIndex {
  private readonly text: string;
  /** Offsets of the stanzas of each name. */
  private readonly offsets = new Map<string, number[]>();
  /** Names of the packages that provide a virtual one. */
  private readonly providers = new Map<string, Set<string>>();
  private readonly parsed = new Map<string, Package | null>();
  private readonly baseNames: string[] = [];
  /** The package whose fields are being noted. */
  private last = '';

  constructor(data: Uint8Array) {
    this.text = byteString(data);
    for (const match of this.text.matchAll(/^(Package|Essential|Priority|Provides): ?(.*)$/gm))
      this.note(match[1]!, match[2]!, match.index);
  }

  /** Names of the packages that every system has: Essential, or of priority required. */
  get base(): readonly string[] {
    return [...new Set(this.baseNames)].sort();
  }

  /** The newest version of a package; null when there is none. */
  get(name: string): Package | null {
    const known = this.parsed.get(name);
    if (known !== undefined) return known;
    let best: Package | null = null;
    for (const offset of this.offsets.get(name) ?? []) {
      const found = readPackage(this.stanza(offset));
      if (!best || compareVersions(found.version, best.version) > 0) best = found;
    }
    this.parsed.set(name, best);
    return best;
  }

  /** Packages that provide `name`, the most important first. */
  providing(name: string): Package[] {
    const rank = (candidate: Package): number => PRIORITIES.indexOf(candidate.priority) + 1 || PRIORITIES.length + 1;
    const found: Package[] = [];
    for (const provider of this.providers.get(name) ?? []) {
      const candidate = this.get(provider);
      if (candidate?.provides.some((provided) => provided.name === name)) found.push(candidate);
    }
    return found.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  }

  private note(field: string, value: string, offset: number): void {
    if (field === 'Package') {
      this.last = value;
      const offsets = this.offsets.get(value);
      if (offsets) offsets.push(offset);
      else this.offsets.set(value, [offset]);
    } else if (field === 'Provides') {
      for (const part of value.split(',')) {
        const name = part.trim().split(/[\s(:]/, 1)[0]!;
        const providers = this.providers.get(name);
        if (providers) providers.add(this.last);
        else this.providers.set(name, new Set([this.last]));
      }
    } else if ((field === 'Essential' && value === 'yes') || (field === 'Priority' && value === 'required')) this.baseNames.push(this.last);
  }

  private stanza(offset: number): Stanza {
    const end = this.text.indexOf('\n\n', offset);
    return parseStanza(this.text.slice(offset, end < 0 ? this.text.length : end));
  }
}

const PRIORITIES: readonly string[] = ['required', 'important', 'standard', 'optional', 'extra'];

function readPackage(stanza: Stanza): Package {
  const get = (field: string): string => stanza.get(field) ?? '';
  const name = get('package');
  const filename = get('filename');
  const size = Number(get('size'));
  const sha256 = get('sha256');
  if (
    !/^[A-Za-z0-9][A-Za-z0-9+.~_/:%-]*\.deb$/.test(filename) ||
    filename.includes('..') ||
    !Number.isSafeInteger(size) ||
    !/^[0-9a-f]{64}$/.test(sha256)
  ) {
    throw new HolmError('EVERIFY', `the package index has a malformed entry for ${name}`);
  }
  return {
    name,
    version: get('version'),
    priority: get('priority'),
    essential: get('essential') === 'yes',
    depends: [...parseRelations(get('pre-depends')), ...parseRelations(get('depends'))],
    conflicts: [...parseRelations(get('conflicts')), ...parseRelations(get('breaks'))],
    provides: parseRelations(get('provides')).map(([provided]) => ({
      name: provided!.name,
      version: provided!.operator === '=' ? provided!.version : null,
    })),
    filename,
    size,
    sha256,
  };
}
