// The boundaries at which an object is cut for a multipart upload: the source's own, so that the ETag is the same;
// where they cannot be learnt, or the object came whole and is too long for one PUT, ours.

import { ownLook } from '../s3/calls.ts';
import { S3Error } from '../s3/errors.ts';
import { queryOf } from '../s3/path.ts';
import type { Attempt } from './attempt.ts';
import { fromSource } from './failure.ts';
import type { ObjectFacts } from './object-facts.ts';
import { partCount } from './object-facts.ts';

/** S3's own limit of one PUT, and of the parts of an upload. */
export const putBytesMax = 5 * 1024 ** 3;
const partsMax = 10_000;
const ownPartMin = 64 * 1024 ** 2;

/** HEADs of parts in flight together. */
const headsAtOnce = 8;

/** Undefined: the source does not tell, or the object came whole. */
export async function sourcePartSizes(
  attempt: Attempt,
  facts: ObjectFacts & { readonly size: number },
): Promise<readonly number[] | undefined> {
  const count = partCount(facts.etag);
  if (count === undefined) return undefined;
  if (count === 1) return [facts.size];
  const { partSizes, etag } = attempt.task.change;
  const isAboutThis = etag === undefined || etag === facts.etag;
  if (partSizes !== undefined && isAboutThis && fits(partSizes, count, facts.size)) {
    return partSizes;
  }
  const sizes: number[] = [];
  for (let first = 1; first <= count; first += headsAtOnce) {
    const last = Math.min(first + headsAtOnce - 1, count);
    const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    // oxlint-disable-next-line no-await-in-loop -- a bounded number of calls at once
    const found = await Promise.all(numbers.map((number) => headPart(attempt, facts, number)));
    for (const size of found) {
      if (size === undefined) return undefined;
      sizes.push(size);
    }
  }
  return fits(sizes, count, facts.size) ? sizes : undefined;
}

/** Cut as evenly as the limits allow. */
export function ownPartSizes(size: number): readonly number[] {
  const part = Math.max(ownPartMin, Math.ceil(size / partsMax));
  const count = Math.max(Math.ceil(size / part), 1);
  return Array.from({ length: count }, (_, index) => Math.min(part, size - index * part));
}

function fits(sizes: readonly number[], count: number, size: number): boolean {
  return sizes.length === count && sizes.reduce((sum, part) => sum + part, 0) === size;
}

/** Only a 206 is about a part: Ceph 16 ignores `partNumber` and answers with the whole object. */
async function headPart(
  attempt: Attempt,
  facts: ObjectFacts,
  partNumber: number,
): Promise<number | undefined> {
  const { bucket, key, versionId } = attempt.task.change;
  try {
    const answer = await fromSource(
      attempt.source.fetch({
        method: 'HEAD',
        bucket,
        key,
        query: queryOf({ versionId, partNumber }),
        headers: [{ name: 'if-match', value: `"${facts.etag}"` }, ownLook],
        signal: attempt.signal,
      }),
    );
    return answer.status === 206 ? Number(answer.headers['content-length']) : undefined;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isRefused = cause instanceof S3Error && (cause.status < 500 || cause.status === 501);
    if (isRefused && cause.status !== 403) return undefined;
    throw error;
  }
}
