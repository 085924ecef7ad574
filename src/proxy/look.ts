// Asking the source what became of a write whose answer is not known or does not name the version (design.md, the
// write path, step 4). It returns the changes that are there to be seen; it decides nothing and writes nothing.

import type { Change, Intent, IntentKey, Journal } from '../journal/types.ts';
import type { VersionEntry, VersioningState } from '../s3/calls.ts';
import { getBucketVersioning, hasObject, versionsOfKey } from '../s3/calls.ts';
import type { S3Client } from '../s3/client.ts';
import { metadataOperations } from './outcome.ts';

/** The source's clock is told in whole seconds, and its nodes may differ a little. */
const slackMs = 2_000;

export interface LookOptions {
  readonly source: S3Client;
  readonly journal: Pick<Journal, 'status'>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What is seen of an intent's keys, in the request's order. Throws where the source does not answer cleanly. */
export async function lookAtSource(
  intent: Intent,
  keys: readonly IntentKey[],
  options: LookOptions,
): Promise<readonly Change[]> {
  const versioning = await getBucketVersioning(options.source, intent.bucket);
  const changes: Change[] = [];
  for (const key of keys) {
    // oxlint-disable-next-line no-await-in-loop -- one listing at a time is all that a settlement may cost the source
    changes.push(...(await lookAtKey(intent, key, { ...options, versioning })));
  }
  return changes;
}

type KeyLook = LookOptions & { readonly versioning: VersioningState };

async function lookAtKey(
  intent: Intent,
  name: IntentKey,
  look: KeyLook,
): Promise<readonly Change[]> {
  const { bucket } = intent;
  const versions = await versionsOfKey(look.source, { bucket, key: name.key, signal: look.signal });
  if (metadataOperations.has(intent.operation))
    return metadataChanges(intent, name, versions, look);
  const removes = intent.operation === 'DeleteObject' || intent.operation === 'DeleteObjects';
  if (!removes)
    return newVersions(
      intent,
      name,
      versions.filter((entry) => !entry.marker),
      look,
    );
  if (look.versioning === 'Off') return unversionedDelete(intent, name, versions, look);
  if (name.versionId !== undefined) return versionDelete(intent, name, versions, look);
  return newVersions(
    intent,
    name,
    versions.filter((entry) => entry.marker),
    look,
  );
}

function changeOf(
  intent: Intent,
  key: string,
  look: LookOptions,
): Pick<Change, 'bucket' | 'key' | 'acceptedAt'> {
  return { bucket: intent.bucket, key, acceptedAt: look.now() };
}

/** Versions that came since the intent and that nobody has told the journal of, oldest first. */
async function newVersions(
  intent: Intent,
  { key }: IntentKey,
  versions: readonly VersionEntry[],
  look: KeyLook,
): Promise<readonly Change[]> {
  const fresh = versions.filter((entry) => isFresh(intent, entry));
  const changes: Change[] = [];
  for (const entry of fresh.toReversed()) {
    const { versionId, etag } = entry;
    // oxlint-disable-next-line no-await-in-loop -- the index answers from memory; the histories are short
    const status = await look.journal.status({ bucket: intent.bucket, key, versionId });
    if (status !== undefined && isTold(intent, entry, status.etag)) continue;
    changes.push({
      ...changeOf(intent, key, look),
      kind: entry.marker ? 'marker' : 'object',
      versionId,
      ...(entry.marker ? {} : { etag }),
      ...partsOf(intent, etag),
    });
  }
  return changes;
}

/** AWS dates a multipart object at its initiation, which may be days ago: its parts tell that it may be ours. */
function isFresh(intent: Intent, entry: VersionEntry): boolean {
  if (entry.lastModified >= intent.openedAt - slackMs) return true;
  return 'partSizes' in partsOf(intent, entry.etag);
}

/**
 * A version id is told once and for all. The null version may be new content under the old id, even with equal
 * bytes: an earlier look of the same intent alone makes it known.
 */
function isTold(intent: Intent, entry: VersionEntry, toldEtag: string | undefined): boolean {
  return entry.versionId !== 'null' || (intent.asked > 0 && toldEtag === entry.etag);
}

/** The parts noted before a completion belong to the object whose ETag counts as many. */
function partsOf(intent: Intent, etag: string): { partSizes?: readonly number[] } {
  const count = /-(\d+)$/.exec(etag)?.[1];
  const { partSizes } = intent;
  return partSizes !== undefined && Number(count) === partSizes.length ? { partSizes } : {};
}

/** A change of tags or locks without a named version concerns every version that was current in its window. */
function metadataChanges(
  intent: Intent,
  { key, versionId: requested }: IntentKey,
  versions: readonly VersionEntry[],
  look: KeyLook,
): readonly Change[] {
  const since = intent.openedAt - slackMs;
  const older = versions.findIndex((entry) => entry.lastModified < since);
  const current = older === -1 ? versions : versions.slice(0, older + 1);
  const concerned =
    requested === undefined ? current : versions.filter((entry) => entry.versionId === requested);
  return concerned
    .filter((entry) => !entry.marker)
    .toReversed()
    .map(({ versionId }) =>
      Object.assign(changeOf(intent, key, look), { kind: 'metadata' as const, versionId }),
    );
}

/**
 * The delete of a version that is gone is believed only if the journal last knew the version present: a
 * stranger's refused or pointless delete must never erase a copy.
 */
async function versionDelete(
  intent: Intent,
  { key, versionId = 'null' }: IntentKey,
  versions: readonly VersionEntry[],
  look: KeyLook,
): Promise<readonly Change[]> {
  if (versions.some((entry) => entry.versionId === versionId)) return [];
  const status = await look.journal.status({ bucket: intent.bucket, key, versionId });
  if (status === undefined || isGoing(status.targets)) return [];
  const { source, signal } = look;
  if (await hasObject(source, { bucket: intent.bucket, key, versionId, signal })) return [];
  return [{ ...changeOf(intent, key, look), kind: 'version-delete', versionId }];
}

async function unversionedDelete(
  intent: Intent,
  { key }: IntentKey,
  versions: readonly VersionEntry[],
  look: KeyLook,
): Promise<readonly Change[]> {
  if (versions.length > 0) return [];
  const status = await look.journal.status({ bucket: intent.bucket, key, versionId: 'null' });
  if (status === undefined || isGoing(status.targets)) return [];
  const { source, signal } = look;
  if (await hasObject(source, { bucket: intent.bucket, key, signal })) return [];
  return [{ ...changeOf(intent, key, look), kind: 'delete', versionId: 'null' }];
}

function isGoing(targets: Readonly<Record<string, { readonly deletion?: string }>>): boolean {
  const all = Object.values(targets);
  return all.length > 0 && all.every((target) => target.deletion === 'version');
}
