// A bucket as the histories of its keys, in S3's order (UTF-8 bytes), read page by page: memory holds one page and
// one history, whatever the size of the bucket.

import type { VersionEntry } from '../s3/calls.ts';
import { listObjectVersions } from '../s3/calls.ts';
import type { S3Client } from '../s3/client.ts';

export interface History {
  readonly key: string;
  /** Oldest first. */
  readonly versions: readonly VersionEntry[];
}

export interface Place {
  readonly client: S3Client;
  readonly bucket: string;
}

export async function* histories(
  { client, bucket }: Place,
  options: { readonly prefix?: string; readonly signal?: AbortSignal } = {},
): AsyncGenerator<History> {
  let current: { key: string; versions: VersionEntry[] } | undefined;
  for await (const entry of entries({ client, bucket }, options)) {
    if (current !== undefined && current.key !== entry.key) {
      yield { key: current.key, versions: current.versions.toReversed() };
      current = undefined;
    }
    current ??= { key: entry.key, versions: [] };
    current.versions.push(entry);
  }
  if (current !== undefined) yield { key: current.key, versions: current.versions.toReversed() };
}

async function* entries(
  { client, bucket }: Place,
  { prefix = '', signal }: { readonly prefix?: string; readonly signal?: AbortSignal },
): AsyncGenerator<VersionEntry> {
  let from: { readonly keyMarker?: string; readonly versionIdMarker?: string } = {};
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page names where the next begins
    const page = await listObjectVersions(client, {
      bucket,
      prefix,
      ...from,
      ...(signal === undefined ? {} : { signal }),
    });
    yield* page.entries;
    if (page.next === undefined) return;
    from = page.next;
  }
}

export interface KeyPair {
  readonly key: string;
  readonly source: History | undefined;
  readonly target: History | undefined;
}

/** Two buckets side by side, key by key. */
export async function* merged(
  source: AsyncGenerator<History>,
  target: AsyncGenerator<History>,
): AsyncGenerator<KeyPair> {
  let [left, right] = await Promise.all([source.next(), target.next()]);
  while (!(left.done && right.done)) {
    const order = compareHeads(left, right);
    const from = order <= 0 && !left.done ? left.value : undefined;
    const to = order >= 0 && !right.done ? right.value : undefined;
    yield { key: (from ?? to)?.key ?? '', source: from, target: to };
    // oxlint-disable-next-line no-await-in-loop -- both sides advance together
    [left, right] = await Promise.all([
      from === undefined ? left : source.next(),
      to === undefined ? right : target.next(),
    ]);
  }
}

function compareHeads(left: IteratorResult<History>, right: IteratorResult<History>): number {
  if (left.done) return 1;
  if (right.done) return -1;
  return Buffer.compare(Buffer.from(left.value.key), Buffer.from(right.value.key));
}
