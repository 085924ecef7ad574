// Raw request targets: taking them apart without rebuilding them, and writing them for our own calls.
// `new URL()` is never used: it rewrites `..`, `%2e` and `\`, which are legal in keys.

/** Bytes that stay as they are in an encoded key (RFC 3986 section 2.3, and `/`). */
const plain = /[^A-Za-z0-9\-._~/]/;

/** A key as the path of a request, each UTF-8 byte outside the unreserved set percent-encoded. */
export function encodeKey(key: string): string {
  if (!plain.test(key)) return key;
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, escapeByte);
}

/** A query value, percent-encoded. */
export function encodeQueryValue(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, escapeByte);
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** `/bucket/key?query` of a call of our own; path style. */
export function targetOf(bucket: string | undefined, key?: string, query?: string): string {
  const path =
    bucket === undefined ? '/' : `/${bucket}${key === undefined ? '' : `/${encodeKey(key)}`}`;
  return query === undefined || query === '' ? path : `${path}?${query}`;
}

/** A query of our own: `name` alone for a flag, `name=value` encoded otherwise; undefined values are left out. */
export function queryOf(
  parameters: Readonly<Record<string, string | number | true | undefined>>,
): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    parts.push(value === true ? name : `${name}=${encodeQueryValue(String(value))}`);
  }
  return parts.join('&');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Percent-decodes latin1 text (a part of a raw target) to the string whose UTF-8 bytes it stands for.
 * `undefined` where the bytes are not UTF-8. A `%` that no two hexadecimal digits follow stands for itself.
 */
export function decodePath(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- plain ASCII without an escape is the common case
  if (/^[\x00-\x24\x26-\x7f]*$/.test(text)) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const value = code === 0x25 ? hexPair(text, index + 1) : -1;
    if (value >= 0) index += 2;
    bytes[length] = value >= 0 ? value : code;
    length += 1;
  }
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}

function hexPair(text: string, index: number): number {
  const pair = text.slice(index, index + 2);
  return /^[0-9A-Fa-f]{2}$/.test(pair) ? Number.parseInt(pair, 16) : -1;
}
