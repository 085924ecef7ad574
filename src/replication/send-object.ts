// Brings an object version to the target, whole or in parts, after a look where an earlier attempt may have done it.

import { SidecarError } from '../errors.ts';
import type { Attempt, Outcome } from './attempt.ts';
import { knownTargetId, mapped, mappedIds } from './attempt.ts';
import { findAtTarget, findNullAtTarget, listTarget, unmappedOnTop } from './look.ts';
import { putTags } from './metadata-calls.ts';
import { partCount } from './object-facts.ts';
import { ownPartSizes, putBytesMax, sourcePartSizes } from './part-sizes.ts';
import { abortUpload, putMultipart } from './put-multipart.ts';
import { putObject } from './put-object.ts';
import type { SourceObject } from './source-object.ts';
import { openSource } from './source-object.ts';
import { tagsFitHeader } from './write-headers.ts';

export async function sendObject(attempt: Attempt): Promise<Outcome> {
  const object = await openSource(attempt);
  if (object === undefined) return objectGone(attempt);
  try {
    if (attempt.task.attempts > 1) {
      const found = await findEarlier(attempt, object);
      if (found !== undefined) return await adopt(attempt, object, found);
    }
    return await send(attempt, object);
  } finally {
    object.discard();
  }
}

async function send(attempt: Attempt, object: SourceObject): Promise<Outcome> {
  const { bucket, key } = attempt.task.change;
  const { target } = attempt;
  const { facts } = object;
  const time = target.times.next(bucket, key, facts.lastModified);
  const sizes = await partsToSend(attempt, object);
  const id =
    sizes === undefined
      ? await putObject(attempt, object, time)
      : await putMultipart(attempt, object, { sizes, time });
  target.times.sent(bucket, key, time);
  if (!tagsFitHeader(object)) await putTags(attempt, id, object.tags);
  return {
    kind: 'replicated',
    bytes: facts.size,
    completion: { ...mapped(attempt, id), ...learnt(attempt, object) },
  };
}

/**
 * An object in parts whose boundaries cannot be learnt goes whole where that is possible; its ETag is another then,
 * and the comparison is with the MD5 of what was sent.
 */
async function partsToSend(
  attempt: Attempt,
  { facts }: SourceObject,
): Promise<readonly number[] | undefined> {
  if (partCount(facts.etag) !== undefined) {
    const sizes = await sourcePartSizes(attempt, facts);
    if (sizes !== undefined) return sizes;
  }
  const isTooLong = facts.size > putBytesMax && attempt.target.dialect.known !== 'minio';
  return isTooLong ? ownPartSizes(facts.size) : undefined;
}

/** The null version may be there with the same bytes from before: only with the same headers is it this one. */
async function findEarlier(attempt: Attempt, object: SourceObject): Promise<string | undefined> {
  if (attempt.identity === 'null') return findNullAtTarget(attempt, object.facts);
  return findAtTarget(attempt, object.facts);
}

async function adopt(attempt: Attempt, object: SourceObject, found: string): Promise<Outcome> {
  const { task, target } = attempt;
  if (task.uploadId !== undefined) await abortUpload(attempt, task.uploadId);
  const mayDiffer = attempt.identity === 'null' || !tagsFitHeader(object);
  if (mayDiffer) await putTags(attempt, found, object.tags);
  target.times.sent(task.change.bucket, task.change.key, object.facts.lastModified);
  return {
    kind: 'replicated',
    bytes: 0,
    completion: { ...mapped(attempt, found), ...learnt(attempt, object) },
  };
}

function learnt(attempt: Attempt, { facts }: SourceObject): { etag?: string } {
  return attempt.task.change.etag === facts.etag ? {} : { etag: facts.etag };
}

/**
 * The source has not got it any more. What an earlier attempt may have left on a target that mints ids is taken into
 * the map, so that the version's delete finds it.
 */
async function objectGone(attempt: Attempt): Promise<Outcome> {
  const { task, target } = attempt;
  if (task.uploadId !== undefined) await abortUpload(attempt, task.uploadId);
  const gone: Outcome = { kind: 'gone', bytes: 0, completion: {} };
  // What became of the null version is the affair of the next task: it is written over, or deleted.
  const mayBeThere = task.attempts > 1 && target.dialect.mayMint && attempt.identity !== 'null';
  if (!mayBeThere || (await knownTargetId(attempt)) !== undefined) return gone;
  const [entries, taken] = [await listTarget(attempt), await mappedIds(attempt)];
  const loose = unmappedOnTop(entries, taken).filter(({ marker }) => !marker);
  const { etag } = task.change;
  const alike = etag === undefined ? loose : loose.filter((entry) => entry.etag === etag);
  const found = alike.at(-1);
  if (found === undefined) return gone;
  if (etag === undefined) {
    throw new SidecarError(
      `the source has /${task.change.bucket}/${task.change.key} version ${task.change.versionId} no more, and the target has a version that may be its copy`,
      {
        code: 'ambiguous',
        retryable: false,
        hint: `compare the target's version ${found.versionId}, remove it there if it is, and retry`,
      },
    );
  }
  return { ...gone, completion: mapped(attempt, found.versionId) };
}
