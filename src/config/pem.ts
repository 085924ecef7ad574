// Certificates and keys: files that hold PEM text.

import type { Reader } from './reader.ts';

interface PemFile {
  /** The variable that names the file. */
  readonly name: string;
  readonly path: string;
  readonly label: 'CERTIFICATE' | 'PRIVATE KEY';
}

/** The text of a PEM file; undefined, and a fault, where it cannot be read or holds something else. */
export function readPem(reader: Reader, { name, path, label }: PemFile): string | undefined {
  const text = reader.contents(name, path);
  if (text === undefined) return undefined;
  if (new RegExp(`^-----BEGIN (?:[A-Z]+ )?${label}-----`, 'm').test(text)) return text;
  const expected = `expected a PEM file with a "BEGIN ${label}" line`;
  reader.fault({ variable: name, value: path, expected });
  return undefined;
}
