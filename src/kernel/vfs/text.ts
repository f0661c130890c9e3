/** Byte strings (one char per byte, as the kernel holds names and paths) and bytes. */

export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096) as unknown as number[]);
  return text;
}

/** Space, tab, newline, backslash and `extra` as octal escapes, for /proc/[pid]/mountinfo and maps. Linux: mangle_path. */
export const manglePath = (path: string, extra = ''): string =>
  path.replace(/[ \t\n\\#]/g, (c) => (c === '#' && !extra.includes('#') ? c : `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`));
