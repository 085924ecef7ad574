// Finds a version in the source's listing: the only place where markers, and what is current, are told for sure.

import type { VersionEntry } from '../s3/calls.ts';
import { listObjectVersions } from '../s3/calls.ts';
import type { Attempt } from './attempt.ts';
import { fromSource } from './failure.ts';

/** Undefined only if a whole listing of the key has not got it. */
export async function findSourceVersion(attempt: Attempt): Promise<VersionEntry | undefined> {
  const { bucket, key, versionId } = attempt.task.change;
  let from: { readonly keyMarker?: string; readonly versionIdMarker?: string } = {};
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page names where the next begins
    const page = await fromSource(
      listObjectVersions(attempt.source, {
        bucket,
        prefix: key,
        ...from,
        maxKeys: 100,
        signal: attempt.signal,
      }),
    );
    const found = page.entries.find((entry) => entry.key === key && entry.versionId === versionId);
    if (found !== undefined) return found;
    // The key itself sorts before all that it is a prefix of.
    const isPassed = page.entries.some((entry) => entry.key !== key);
    if (page.next === undefined || isPassed) return undefined;
    from = page.next;
  }
}
