/** Control data: stanzas of fields. See deb822(5). */

export type Stanza = ReadonlyMap<string, string>;

/** Fields of one stanza by their name in lower case; lines of a folded value are joined with newlines. */
export function parseStanza(text: string): Stanza {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last) fields.set(last, `${fields.get(last)}\n${line.trimEnd().slice(1)}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    last = line.slice(0, colon).toLowerCase();
    fields.set(last, line.slice(colon + 1).trim());
  }
  return fields;
}
