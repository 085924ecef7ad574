// Looks at the target before a task is tried again: what an earlier attempt may have left there is found instead of
// being sent a second time.

import type { VersionEntry } from '../s3/calls.ts';
import { ownLook, versionsOfKey } from '../s3/calls.ts';
import type { AnswerHeaders } from '../s3/client.ts';
import { S3Error } from '../s3/errors.ts';
import { queryOf } from '../s3/path.ts';
import type { Attempt } from './attempt.ts';
import { mappedIds } from './attempt.ts';
import type { ObjectFacts } from './object-facts.ts';
import { isContentLine, one, readContentLines } from './object-facts.ts';

/** What makes two versions alike. */
export interface Likeness {
  readonly etag: string;
  readonly size: number;
}

/** The id of the version at the target that is this one; undefined if there is none. */
export async function findAtTarget(
  attempt: Attempt,
  wanted: Likeness,
): Promise<string | undefined> {
  const { dialect } = attempt.target;
  if (dialect.known !== 's3' && (await hasByIdentity(attempt, wanted))) {
    dialect.confirm(attempt.identity, attempt.identity);
    return attempt.identity;
  }
  if (dialect.known === 'minio') return undefined;
  const entries = await listTarget(attempt);
  const taken = await mappedIds(attempt);
  const found = adoptable(entries, taken, wanted);
  if (found !== undefined && found.versionId !== attempt.identity) dialect.found('s3');
  return found?.versionId;
}

/**
 * The id of what is current at the target, if it is the null version's content with the same headers. Where it is
 * not, it is simply sent again: that takes the place of the null version, or of what is current.
 */
export async function findNullAtTarget(
  attempt: Attempt,
  facts: ObjectFacts & Likeness,
): Promise<string | undefined> {
  const [top] = await listTarget(attempt);
  if (top === undefined || top.marker) return undefined;
  if (top.etag !== facts.etag || top.size !== facts.size) return undefined;
  const { versionId } = top;
  const answer = await headAtTarget(attempt, versionId);
  if (typeof answer === 'string') return undefined;
  return haveSameHeaders(answer, facts) ? versionId : undefined;
}

function haveSameHeaders(answer: AnswerHeaders, { headers }: ObjectFacts): boolean {
  const lines = new Set(readContentLines(answer).map(({ name, value }) => `${name}: ${value}`));
  const wanted = headers.filter(({ name }) => isContentLine(name));
  return (
    lines.size === wanted.length && wanted.every((line) => lines.has(`${line.name}: ${line.value}`))
  );
}

/** Whether the target has the version under the id we would give it, with the same content. */
export async function hasByIdentity(attempt: Attempt, wanted: Likeness): Promise<boolean> {
  const answer = await lookAtIdentity(attempt);
  if (typeof answer === 'string') return false;
  // A store that ignores the id answers with whatever is current.
  const isIt = one(answer, 'x-amz-version-id') === attempt.identity || attempt.identity === 'null';
  const etag = one(answer, 'etag')?.replaceAll('"', '');
  return isIt && etag === wanted.etag && Number(one(answer, 'content-length')) === wanted.size;
}

/** HEAD by our id. A marker is answered with 405; stores that mint ids may refuse a foreign one with 400. */
export function lookAtIdentity(attempt: Attempt): Promise<Look> {
  return headAtTarget(attempt, attempt.identity);
}

type Look = AnswerHeaders | 'marker' | 'absent' | 'refused';

async function headAtTarget(attempt: Attempt, versionId: string): Promise<Look> {
  try {
    const answer = await attempt.target.client.fetch({
      method: 'HEAD',
      bucket: attempt.targetBucket,
      key: attempt.task.change.key,
      query: queryOf({ versionId }),
      headers: [ownLook],
      signal: attempt.signal,
    });
    return one(answer.headers, 'x-amz-delete-marker') === 'true' ? 'marker' : answer.headers;
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    if (error.status === 404) return 'absent';
    if (error.status === 405) return 'marker';
    if (error.status === 400 || error.status === 501) return 'refused';
    throw error;
  }
}

/** All versions of the key at the target, newest first. */
export function listTarget(attempt: Attempt): Promise<readonly VersionEntry[]> {
  return versionsOfKey(attempt.target.client, {
    bucket: attempt.targetBucket,
    key: attempt.task.change.key,
    signal: attempt.signal,
  });
}

/**
 * Of the versions that belong to no other, the oldest alike one that is newer than all that do: the task is the
 * first of its lane that is not done, so alike versions pair in order.
 */
export function adoptable(
  newestFirst: readonly VersionEntry[],
  taken: ReadonlySet<string>,
  wanted: Likeness,
): VersionEntry | undefined {
  return unmappedOnTop(newestFirst, taken).findLast(
    ({ marker, etag, size }) => !marker && etag === wanted.etag && size === wanted.size,
  );
}

/**
 * On a bucket without versioning the id `null` is no proof that the content is the mapped one, so it is looked at
 * like any other.
 */
export function unmappedOnTop(
  newestFirst: readonly VersionEntry[],
  taken: ReadonlySet<string>,
): readonly VersionEntry[] {
  const first = newestFirst.findIndex(
    ({ versionId }) => versionId !== 'null' && taken.has(versionId),
  );
  return first === -1 ? newestFirst : newestFirst.slice(0, first);
}
