// Names that the store mints, and which ones it takes.

import { randomBytes, randomUUID } from 'node:crypto';
import type { Manner } from './model.ts';

/** Like AWS's: 32 opaque characters. Like MinIO's: a UUID. */
export function mintVersionId(manner: Manner): string {
  return manner === 'minio' ? randomUUID() : opaque(24);
}

export function mintUploadId(): string {
  return opaque(48);
}

let requests = 0;

/** Sixteen characters, unlike any other of this process. */
export function mintRequestId(): string {
  requests += 1;
  return requests.toString(16).toUpperCase().padStart(16, '0');
}

/** What the manner's store can read as a version id; others are refused, not looked for. */
export function isVersionId(manner: Manner, text: string): boolean {
  if (text === 'null') return true;
  return manner === 'minio' ? isUuid(text) : /^[A-Za-z0-9._-]{32}$/.test(text);
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}

function opaque(bytes: number): string {
  return randomBytes(bytes).toString('base64').replaceAll('+', '.').replaceAll('/', '_');
}
