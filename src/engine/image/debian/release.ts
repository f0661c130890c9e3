/** The archive's signed index of indexes. See the Debian repository format, "InRelease". */

import { HolmError } from '../../error.ts';
import { fromUtf8 } from '../bytes.ts';
import type { Keyring } from '../host.ts';
import { parseStanza } from './control.ts';

export interface Release {
  readonly origin: string;
  readonly suite: string;
  readonly codename: string;
  readonly version: string;
  readonly date: Date;
  readonly validUntil: Date | null;
  readonly architectures: readonly string[];
  readonly acquireByHash: boolean;
  /** Size and SHA-256 of each index by its path. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly sha256: string }>;
}

/** The text of a clear-signed document, if a key of the keyrings has signed it and is valid now. */
export async function verifyClearSigned(document: Uint8Array, keyrings: readonly Keyring[], now: Date, what: string): Promise<string> {
  const openpgp = await import('openpgp');
  const refused = (why: string, cause?: unknown): HolmError => new HolmError('EVERIFY', `${what}: ${why}`, { cause });
  const keys = await readKeys(keyrings);
  if (keys.length === 0) throw refused('there is no key to verify its signature with (--keyring FILE names one)');
  let message: Awaited<ReturnType<typeof openpgp.readCleartextMessage>>;
  try {
    message = await openpgp.readCleartextMessage({ cleartextMessage: fromUtf8(document) });
  } catch (error) {
    throw refused('not a signed document', error);
  }
  const { signatures } = await openpgp.verify({ message, verificationKeys: keys, date: now });
  if (signatures.length === 0) throw refused('it has no signature');
  const problems: string[] = [];
  for (const signature of signatures) {
    try {
      await signature.verified;
      const key = keys.find((candidate) => candidate.getKeys(signature.keyID).length > 0)!;
      const expires = await key.getExpirationTime();
      if (expires instanceof Date && expires <= now) problems.push(`key ${signature.keyID.toHex().toUpperCase()} has expired`);
      else return message.getText();
    } catch (error) {
      problems.push((error as Error).message.split('\n', 1)[0]!);
    }
  }
  throw refused(`no valid signature (${[...new Set(problems)].join('; ')})`);
}

async function readKeys(keyrings: readonly Keyring[]): Promise<import('openpgp').PublicKey[]> {
  const openpgp = await import('openpgp');
  const keys: import('openpgp').PublicKey[] = [];
  for (const { name, data } of keyrings) {
    try {
      const isArmoured = fromUtf8(data.subarray(0, 4096)).includes('-----BEGIN PGP');
      const found = isArmoured ? await openpgp.readKeys({ armoredKeys: fromUtf8(data) }) : await openpgp.readKeys({ binaryKeys: data });
      keys.push(...found);
    } catch (error) {
      throw new HolmError('EVERIFY', `${name} is not a keyring`, { cause: error });
    }
  }
  return keys;
}

export function parseRelease(text: string, what: string): Release {
  const fields = parseStanza(text.replaceAll('\r\n', '\n'));
  const get = (name: string): string => fields.get(name) ?? '';
  const files = new Map<string, { size: number; sha256: string }>();
  for (const line of get('sha256').split('\n')) {
    const [sha256, size, path] = line.trim().split(/\s+/);
    if (path !== undefined && /^[0-9a-f]{64}$/.test(sha256!)) files.set(path, { size: Number(size), sha256: sha256! });
  }
  if (files.size === 0) throw new HolmError('EVERIFY', `${what}: it lists no files with SHA-256`);
  return {
    origin: get('origin'),
    suite: get('suite'),
    codename: get('codename'),
    version: get('version'),
    date: new Date(get('date')),
    validUntil: get('valid-until') === '' ? null : new Date(get('valid-until')),
    architectures: get('architectures').split(/\s+/),
    acquireByHash: get('acquire-by-hash') === 'yes',
    files,
  };
}
