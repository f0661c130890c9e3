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

/** The stanzas of a text, as text. */
export function* splitStanzas(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n\n', start);
    if (end < 0) end = text.length;
    const stanza = text.slice(start, end);
    if (stanza.trim() !== '') yield stanza;
    start = end + 2;
    while (text[start] === '\n') start++;
  }
}
