// One S3 request as the operations see it: parsed, authenticated, its body whole.

import type { SignatureHeader } from '../s3/sigv4-canonical.ts';
import { splitTarget } from '../s3/sigv4-canonical.ts';
import type { Content } from './content.ts';
import type { Line, StoredChecksum } from './model.ts';
import { route } from './route.ts';
import { StoreError } from './store-error.ts';

export interface RequestHead {
  readonly method: string;
  /** The raw request target. */
  readonly target: string;
  readonly headers: Headers;
  readonly query: ReadonlyMap<string, string>;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for a bucket. */
  readonly key: string;
  /** AWS's name of the operation. */
  readonly operation: string;
}

export interface StoreRequest extends RequestHead {
  readonly content: Content;
  /** What the client said of its bytes, checked. */
  readonly checksum: StoredChecksum | undefined;
}

/** The header lines of a request, as they came and by name. */
export class Headers {
  readonly lines: readonly SignatureHeader[];
  readonly #values = new Map<string, string>();

  /** Takes node's flat list of names and values. */
  constructor(raw: readonly string[]) {
    const lines: SignatureHeader[] = [];
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at] ?? '';
      const value = raw[at + 1] ?? '';
      lines.push({ name, value });
      const lower = name.toLowerCase();
      const before = this.#values.get(lower);
      this.#values.set(lower, before === undefined ? value : `${before},${value}`);
    }
    this.lines = lines;
  }

  /** By lower-case name; repeated lines are joined with commas. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  isTrue(name: string): boolean {
    return this.#values.get(name)?.toLowerCase() === 'true';
  }

  /** Lines whose name begins with the prefix. */
  startingWith(prefix: string): readonly Line[] {
    return [...this.#values].filter(([name]) => name.startsWith(prefix));
  }
}

/** `domain`: the base of virtual-host style names (`bucket.domain`), undefined for path style alone. */
export function parseHead(
  method: string,
  target: string,
  headers: Headers,
  domain: string | undefined,
): RequestHead {
  const { path, query: rawQuery } = splitTarget(target);
  const query = parseQuery(rawQuery);
  const { bucket, key } = address(path, headers.get('host') ?? '', domain);
  const operation = route({ method, headers, query, bucket, key });
  return { method, target, headers, query, bucket, key, operation };
}

function address(
  path: string,
  host: string,
  domain: string | undefined,
): { bucket: string; key: string } {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (domain !== undefined && name.endsWith(`.${domain}`)) {
    return { bucket: name.slice(0, -domain.length - 1), key: decodePath(path.slice(1)) };
  }
  const slash = path.indexOf('/', 1);
  if (slash === -1) return { bucket: decodePath(path.slice(1)), key: '' };
  return { bucket: decodePath(path.slice(1, slash)), key: decodePath(path.slice(slash + 1)) };
}

/** Percent-decodes to UTF-8; a plus sign is a plus sign. */
export function decodePath(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text)) return text;
  // A percent sign without two digits stands for itself; raw bytes of the target are latin1 characters here.
  const bytes = text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    throw new StoreError('InvalidURI');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function parseQuery(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (query === '') return values;
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = equals === -1 ? piece : piece.slice(0, equals);
    const value = equals === -1 ? '' : piece.slice(equals + 1);
    const decodedName = decodePath(name.replaceAll('+', ' '));
    if (!values.has(decodedName)) values.set(decodedName, decodePath(value.replaceAll('+', ' ')));
  }
  return values;
}
