// Parsers of single values: from the text of a variable to the type that the rest of the house trusts.

export type Parsed<T> =
  | { readonly value: T }
  | { readonly expected: string; readonly hint?: string };

export type Parser<T> = (text: string) => Parsed<T>;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function parseBoolean(text: string): Parsed<boolean> {
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  return { expected: 'expected true or false' };
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration in milliseconds, such as `500ms`, `30s`, `5m`, `1h` or `7d`. */
export function durationBetween(minMs: number, max: string): Parser<number> {
  const maxMs = durationMs(max) ?? 0;
  return (text) => {
    const value = durationMs(text);
    if (value === undefined)
      return { expected: 'expected a duration like 500ms, 30s, 5m, 1h or 7d' };
    if (value < minMs) return { expected: `expected at least ${minMs}ms` };
    if (value > maxMs) return { expected: `expected at most ${max}` };
    return { value };
  };
}

function durationMs(text: string): number | undefined {
  const match = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN);
}

export function integerBetween(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return { value };
    return { expected: `expected a whole number from ${min} to ${max}` };
  };
}

export function oneOf<T extends string>(...words: readonly T[]): Parser<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { expected: `expected one of ${words.join(', ')}` } : { value };
  };
}

export function parseAddress(text: string): Parsed<Address> {
  const expected = 'expected HOST:PORT, such as 0.0.0.0:9000 or [::1]:9000';
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  if (match === null) return { expected };
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  if (port > 65_535) return { expected: 'expected a port of at most 65535' };
  return { value: { host, port } };
}

/** The URL of a store: scheme, host and port alone, normalised. */
export function parseEndpoint(text: string): Parsed<string> {
  const expected = 'expected http://HOST:PORT or https://HOST:PORT';
  if (/[^\x21-\x7e]/.test(text) || !/^https?:\/\//i.test(text)) return { expected };
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(text)) {
    return {
      expected,
      hint: 'keys do not belong in the endpoint: use …_ACCESS_KEY and …_SECRET_KEY',
    };
  }
  if (text.includes('?') || text.includes('#')) return { expected, hint: 'without a query' };
  if (!/^[a-z]+:\/\/[^/\\]+\/?$/i.test(text)) return { expected, hint: 'without a path' };
  if (!URL.canParse(text)) return { expected };
  const url = new URL(text);
  if (url.port === '0') return { expected, hint: 'port 0 cannot be connected to' };
  return { value: url.origin };
}

export function parseDomains(text: string): Parsed<readonly string[]> {
  const domains = text.split(',').map((domain) => domain.trim().toLowerCase());
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  const wrong = domains.find((domain) => !new RegExp(`^${label}(?:\\.${label})*$`).test(domain));
  if (wrong === undefined) return { value: [...new Set(domains)] };
  return {
    expected: 'expected host names with commas between them, such as s3.example.com',
    hint: `${JSON.stringify(wrong)} is not a host name; a port does not belong here`,
  };
}

/** A file's path; what is in the file is looked at where it is read. */
export function parsePath(text: string): Parsed<string> {
  return text.includes('\0') ? { expected: 'expected a path' } : { value: text };
}

export function parseDataDir(text: string): Parsed<string> {
  if (text.includes('\0') || /^\/+\.?$/.test(text)) {
    return { expected: 'expected a folder of its own, such as /var/lib/replicar' };
  }
  return { value: text };
}

export function matching(pattern: RegExp, expected: string): Parser<string> {
  return (text) => (pattern.test(text) ? { value: text } : { expected: `expected ${expected}` });
}

/** Keys and tokens travel in header lines: visible ASCII only. */
export const parseSecret = matching(
  /^[\x21-\x7e]{1,1024}$/,
  'visible ASCII characters without spaces',
);
