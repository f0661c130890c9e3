/** What dpkg knows about unpacked packages: /var/lib/dpkg. See dpkg(1), deb-triggers(5). */

import { HolmError } from '../../error.ts';
import { byteString, fromByteString } from '../bytes.ts';
import type { LayerBuilder } from '../layer_builder.ts';
import { parseStanza } from './control.ts';

const ADMIN = 'var/lib/dpkg';

/** A package whose files are in the layer. */
export interface UnpackedPackage {
  /** The control file. */
  readonly control: string;
  /** The other members of control.tar: maintainer scripts, lists of conffiles, triggers and so on. */
  readonly members: ReadonlyMap<string, { readonly data: Uint8Array; readonly mode: number }>;
  /** Paths as dpkg lists them: "/.", "/usr" … */
  readonly paths: readonly string[];
  /** MD5 of each configuration file by its path. */
  readonly conffiles: ReadonlyMap<string, string>;
}

/** Write the database so that `dpkg --configure -a` goes on from here. */
export async function writeDpkgDatabase(builder: LayerBuilder, packages: readonly UnpackedPackage[], mtimeSeconds: number): Promise<void> {
  const file = (name: string, text: string, mode?: number): Promise<void> =>
    builder.addFile(`${ADMIN}/${name}`, fromByteString(text), mode, mtimeSeconds);
  await builder.addDirectoryAt(ADMIN, 0o755, mtimeSeconds);
  for (const name of ['alternatives', 'info', 'parts', 'triggers', 'updates'])
    await builder.addDirectoryAt(`${ADMIN}/${name}`, 0o755, mtimeSeconds);
  let status = '';
  const triggers = new Map<string, string[]>();
  for (const one of packages) {
    status += `${statusStanza(one)}\n`;
    const base = infoName(one.control);
    await file(`info/${base}.list`, `${one.paths.join('\n')}\n`);
    for (const [name, member] of one.members)
      await builder.addFile(`${ADMIN}/info/${base}.${name}`, member.data, member.mode & 0o755, mtimeSeconds);
    const interests = one.members.get('triggers');
    if (interests) noteTriggers(triggers, base, byteString(interests.data));
  }
  await file('status', status);
  await file('available', '');
  await file('info/format', '1\n');
  for (const name of ['diversions', 'statoverride', 'lock', 'lock-frontend', 'triggers/Lock', 'triggers/Unincorp']) await file(name, '');
  const paths: string[] = [];
  for (const [name, interested] of triggers) {
    if (name.startsWith('/')) paths.push(...interested.map((who) => `${name} ${who}\n`));
    else await file(`triggers/${name}`, interested.map((who) => `${who}\n`).join(''));
  }
  await file('triggers/File', paths.join(''));
}

/** Files of `Multi-Arch: same` packages carry the architecture in their name. */
function infoName(control: string): string {
  const fields = parseStanza(control);
  const name = fields.get('package') ?? '';
  const architecture = fields.get('architecture') ?? '';
  if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name) || !/^[a-z0-9-]+$/.test(architecture))
    throw new HolmError('EARCHIVE', 'a package has a malformed control file');
  return fields.get('multi-arch') === 'same' ? `${name}:${architecture}` : name;
}

function statusStanza(one: UnpackedPackage): string {
  const lines = one.control.trimEnd().split('\n');
  const at = lines.findIndex((line) => line.startsWith('Package:'));
  lines.splice(at + 1, 0, 'Status: install ok unpacked');
  if (one.conffiles.size > 0) {
    lines.push('Conffiles:');
    for (const [path, md5] of one.conffiles) lines.push(` ${path} ${md5}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Who is to be told when a path or a named trigger is touched. */
function noteTriggers(triggers: Map<string, string[]>, who: string, text: string): void {
  for (const line of text.split('\n')) {
    const match = /^\s*(interest|interest-await|interest-noawait)\s+(\S+)/.exec(line);
    if (!match) continue;
    const list = triggers.get(match[2]!) ?? [];
    triggers.set(match[2]!, list);
    list.push(match[1] === 'interest-noawait' ? `${who}/noawait` : who);
  }
}
