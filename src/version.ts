// The version of this package.

import { readFileSync } from 'node:fs';

/** From package.json, which stands two folders above the built file, in the repository and installed. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}
