// What an answer of the source says about a captured write: refused, unknown, or accepted with the changes that it
// made. Pure. Where an answer does not name the version, the key is `unclear` and the source's listing decides.

import type { Change, IntentKey } from '../journal/types.ts';
import type { VersioningState } from '../s3/calls.ts';
import type { Operation } from '../s3/classify.ts';
import type { DeletedObject } from '../s3/messages.ts';
import { parseDeleteResult, parseWriteResult } from '../s3/messages.ts';

export interface CapturedWrite {
  readonly operation: Operation;
  readonly bucket: string;
  readonly keys: readonly IntentKey[];
  readonly partSizes?: readonly number[] | undefined;
}

export interface SourceAnswer {
  readonly status: number;
  /** The first value of a header, by lower-case name. */
  header(name: string): string | undefined;
  /** Present for the operations whose result is in the body. */
  readonly body?: Buffer | undefined;
  /** The bucket's versioning; undefined where the source could not be asked. */
  readonly versioning: VersioningState | undefined;
  /** When the answer came, ms. */
  readonly at: number;
}

export type Verdict =
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'accepted';
      readonly changes: readonly Change[];
      readonly unclear: readonly IntentKey[];
    };

/** Whether a status alone settles the matter: 4xx and foreign 3xx refuse, 5xx says nothing. */
export function verdictOfStatus(status: number): 'refused' | 'unknown' | 'accepted' {
  if (status >= 500) return 'unknown';
  // 303 is the redirect of a successful form upload.
  return status < 300 || status === 303 ? 'accepted' : 'refused';
}

export function verdictOf(write: CapturedWrite, answer: SourceAnswer): Verdict {
  const byStatus = verdictOfStatus(answer.status);
  if (byStatus !== 'accepted') return { kind: byStatus };
  if (write.operation === 'DeleteObjects') return deleteObjectsVerdict(write, answer);
  const [key] = write.keys;
  if (key === undefined || write.operation === 'UnknownWrite') return unclear(write.keys);
  const result = answer.body === undefined ? {} : readable(answer.body, parseWriteResult);
  // An error inside a 200 may come from a node that died half-way: the source is asked.
  if (result === undefined || 'error' in result) return { kind: 'unknown' };
  const etag = presentTag(result.etag) ?? presentTag(answer.header('etag')?.replaceAll('"', ''));
  const change = singleChange(write, key, answer, etag);
  return change === undefined
    ? unclear([key])
    : { kind: 'accepted', changes: [change], unclear: [] };
}

/** Ceph 16 answers a completion with an empty ETag. */
function presentTag(etag: string | undefined): string | undefined {
  return etag === '' ? undefined : etag;
}

function readable<T>(body: Buffer, parse: (bytes: Buffer) => T): T | undefined {
  try {
    return parse(body);
  } catch {
    return undefined;
  }
}

function unclear(keys: readonly IntentKey[]): Verdict {
  return { kind: 'accepted', changes: [], unclear: keys };
}

function singleChange(
  write: CapturedWrite,
  { key, versionId: requested }: IntentKey,
  answer: SourceAnswer,
  etag: string | undefined,
): Change | undefined {
  const { bucket, operation, partSizes } = write;
  const acceptedAt = answer.at;
  const versionNamed = answer.header('x-amz-version-id');
  if (operation === 'DeleteObject') {
    return deletion({ bucket, key, acceptedAt }, { requested, named: versionNamed, answer });
  }
  if (metadataOperations.has(operation)) {
    const versionId = requested ?? versionNamed ?? implied(answer.versioning);
    if (versionId === undefined) return undefined;
    return { kind: 'metadata', bucket, key, versionId, acceptedAt };
  }
  const versionId = versionNamed ?? implied(answer.versioning);
  if (versionId === undefined) return undefined;
  // Written out: a spread here would give each object of this hot path a shape of its own.
  const change = { kind: 'object', bucket, key, versionId, acceptedAt } as const;
  if (partSizes !== undefined) {
    return etag === undefined ? { ...change, partSizes } : { ...change, etag, partSizes };
  }
  if (etag === undefined) return change;
  return { kind: 'object', bucket, key, versionId, acceptedAt, etag };
}

/** These change what hangs on a version, never its content. */
export const metadataOperations: ReadonlySet<string> = new Set<Operation>([
  'PutObjectTagging',
  'DeleteObjectTagging',
  'PutObjectRetention',
  'PutObjectLegalHold',
]);

/** The id of a version that an answer does not name: certain only where there are no others. */
function implied(versioning: VersioningState | undefined): string | undefined {
  return versioning === 'Off' ? 'null' : undefined;
}

function deletion(
  common: { readonly bucket: string; readonly key: string; readonly acceptedAt: number },
  facts: { requested: string | undefined; named: string | undefined; answer: SourceAnswer },
): Change | undefined {
  const { requested, named, answer } = facts;
  const marker = answer.header('x-amz-delete-marker') === 'true';
  if (answer.versioning === 'Off') return { ...common, kind: 'delete', versionId: 'null' };
  if (requested !== undefined) {
    return {
      ...common,
      kind: 'version-delete',
      versionId: requested,
      ...(marker ? { marker } : {}),
    };
  }
  if (!marker || named === undefined) return undefined;
  return { ...common, kind: 'marker', versionId: named };
}

function deleteObjectsVerdict(write: CapturedWrite, answer: SourceAnswer): Verdict {
  const result = answer.body === undefined ? undefined : readable(answer.body, parseDeleteResult);
  if (result === undefined) return { kind: 'unknown' };
  const refused = new Set(result.errors.map((error) => nameOf(error)));
  const told = grouped(result.deleted);
  const changes: Change[] = [];
  const open: IntentKey[] = [];
  for (const key of write.keys) {
    if (refused.has(nameOf(key))) continue;
    const change = deletedChange(write.bucket, key, told.get(nameOf(key))?.shift(), answer);
    if (change === undefined) open.push(key);
    else changes.push(change);
  }
  return { kind: 'accepted', changes, unclear: open };
}

/** `Quiet` answers tell only errors: then `told` is undefined, and what a version's removal was is not known. */
function deletedChange(
  bucket: string,
  { key, versionId }: IntentKey,
  told: DeletedObject | undefined,
  answer: SourceAnswer,
): Change | undefined {
  const common = { bucket, key, acceptedAt: answer.at };
  if (answer.versioning === 'Off') return { ...common, kind: 'delete', versionId: 'null' };
  if (versionId !== undefined) {
    const marker = told?.marker === true ? { marker: true } : {};
    return { ...common, kind: 'version-delete', versionId, ...marker };
  }
  if (told?.markerVersionId === undefined || !told.marker) return undefined;
  return { ...common, kind: 'marker', versionId: told.markerVersionId };
}

/** Answers about one name in their order: a key may be in the request twice. */
function grouped(deleted: readonly DeletedObject[]): Map<string, DeletedObject[]> {
  const groups = new Map<string, DeletedObject[]>();
  for (const entry of deleted) {
    const group = groups.get(nameOf(entry));
    if (group === undefined) groups.set(nameOf(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}

function nameOf(object: { readonly key: string; readonly versionId?: string }): string {
  return `${object.versionId ?? ''}\n${object.key}`;
}
