// Reads from the source what a task is about: an object with one GET, its tags only where the answer counts some.

import type { Readable } from 'node:stream';
import { SidecarError } from '../errors.ts';
import type { Tag } from '../s3/calls.ts';
import { getObjectTagging, ownLook } from '../s3/calls.ts';
import type { HeaderPair, S3Answer, S3Call } from '../s3/client.ts';
import { provesAbsence, S3Error } from '../s3/errors.ts';
import { encodeQueryValue, queryOf } from '../s3/path.ts';
import type { Attempt } from './attempt.ts';
import { fromSource } from './failure.ts';
import type { ObjectFacts } from './object-facts.ts';
import { partCount, readFacts } from './object-facts.ts';

export interface SourceObject {
  readonly facts: ObjectFacts & { readonly size: number };
  readonly tags: readonly Tag[];
  /** Gives the bytes, which must be read to their end or destroyed. May be called again. */
  open(): Promise<Readable>;
  /** Lets go of bytes that came with the facts and were not opened. */
  discard(): void;
}

/** A body up to here is received whole without being read: its connection is free for other calls. */
const receivedMax = 48 * 1024;

/** Undefined only where the source proves that it has not got the object. */
export async function openSource(attempt: Attempt): Promise<SourceObject | undefined> {
  const answer = await getObject(attempt);
  if (answer === undefined) return undefined;
  let { body }: { body: Readable | undefined } = answer;
  const discard = (): void => {
    body?.destroy();
    body = undefined;
  };
  try {
    const facts = readFacts(answer.headers, attempt.now());
    checkIsWanted(attempt, facts);
    // Nobody waits for a connection to the source while holding one: that could wait forever.
    if (needsMoreCalls(facts) && !(facts.size !== undefined && facts.size <= receivedMax))
      discard();
    const size = facts.size ?? (await sizeByHead(attempt, facts));
    const tags = facts.tagCount > 0 ? await readTags(attempt) : [];
    const open = async (): Promise<Readable> => {
      const opened = body ?? (await openAgain(attempt, facts));
      body = undefined;
      return opened;
    };
    return { facts: { ...facts, size }, tags, open, discard };
  } catch (error) {
    discard();
    throw error;
  }
}

function needsMoreCalls(facts: ObjectFacts): boolean {
  return facts.size === undefined || facts.tagCount > 0 || partCount(facts.etag) !== undefined;
}

async function openAgain(attempt: Attempt, { etag }: ObjectFacts): Promise<Readable> {
  const call = sourceCall(attempt, [{ name: 'if-match', value: `"${etag}"` }]);
  return (await fromSource(sendGet(attempt, call))).body;
}

/** The version now, whatever became of it: for metadata, which is always read afresh. */
export async function headSource(attempt: Attempt): Promise<ObjectFacts | undefined> {
  const answer = await getObject(attempt, [{ name: 'range', value: 'bytes=0-0' }]);
  if (answer === undefined) return undefined;
  if (answer.status === 206) answer.body.resume();
  else answer.body.destroy();
  return readFacts(answer.headers, attempt.now());
}

/** Bytes `start` to `end` (not included) of the very object that `facts` are of. */
export async function openRange(
  attempt: Attempt,
  facts: ObjectFacts,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Readable> {
  const call = sourceCall(attempt, [
    { name: 'range', value: `bytes=${start}-${end - 1}` },
    { name: 'if-match', value: `"${facts.etag}"` },
  ]);
  const answer = await fromSource(sendGet(attempt, call));
  const length = Number(answer.headers['content-length']);
  if (answer.status === 206 && length === end - start) return answer.body;
  answer.body.destroy();
  throw new SidecarError(
    `the source answered ${answer.status} with ${length} bytes where ${end - start} were asked for`,
    { code: 'source-nonsense', retryable: true },
  );
}

/** GetObjectTagging at the source. */
export function readTags(attempt: Attempt): Promise<readonly Tag[]> {
  const { bucket, key, versionId } = attempt.task.change;
  return fromSource(
    getObjectTagging(attempt.source, { bucket, key, versionId, signal: attempt.signal }),
  );
}

/** Tags as the `x-amz-tagging` header holds them. */
export function taggingHeader(tags: readonly Tag[]): string {
  return tags
    .map(({ key, value }) => `${encodeQueryValue(key)}=${encodeQueryValue(value)}`)
    .join('&');
}

/**
 * The null version is what was there when the change was made only while its ETag is the same: if it changed since,
 * the task takes the latest state.
 */
async function getObject(
  attempt: Attempt,
  extra: readonly HeaderPair[] = [],
): Promise<S3Answer | undefined> {
  const { change } = attempt.task;
  const isNull = change.versionId === 'null' && change.etag !== undefined;
  const condition = isNull ? [{ name: 'if-match', value: `"${change.etag}"` }] : [];
  try {
    return await sendGet(attempt, sourceCall(attempt, [...extra, ...condition]));
  } catch (error) {
    if (provesAbsence(error)) return undefined;
    if (!(error instanceof S3Error)) return fromSource(Promise.reject(error));
    if (error.status === 412 && isNull) return getLatest(attempt, extra);
    if (error.status === 416 && extra.length > 0) return getLatest(attempt, []);
    return fromSource(Promise.reject(error));
  }
}

async function getLatest(
  attempt: Attempt,
  extra: readonly HeaderPair[],
): Promise<S3Answer | undefined> {
  try {
    return await sendGet(attempt, sourceCall(attempt, extra));
  } catch (error) {
    if (provesAbsence(error)) return undefined;
    return fromSource(Promise.reject(error));
  }
}

/** Stores that do not know versions may refuse even `null`. */
async function sendGet(attempt: Attempt, call: S3Call): Promise<S3Answer> {
  try {
    return watched(await attempt.source.send(call));
  } catch (error) {
    const isRefused = error instanceof S3Error && (error.status === 400 || error.status === 501);
    if (!isRefused || attempt.task.change.versionId !== 'null') throw error;
    const { query: _, ...unversioned } = call;
    return watched(await attempt.source.send(unversioned));
  }
}

/** A body that is destroyed before its end says so as an error, which nobody waits for. */
function watched(answer: S3Answer): S3Answer {
  answer.body.on('error', () => {});
  return answer;
}

function sourceCall(attempt: Attempt, headers: readonly HeaderPair[]): S3Call {
  const { bucket, key, versionId } = attempt.task.change;
  return {
    method: 'GET',
    bucket,
    key,
    query: queryOf({ versionId }),
    headers: [{ name: 'x-amz-checksum-mode', value: 'ENABLED' }, ownLook, ...headers],
    signal: attempt.signal,
  };
}

function checkIsWanted(attempt: Attempt, facts: ObjectFacts): void {
  const { versionId, etag } = attempt.task.change;
  const isOther =
    versionId !== 'null' &&
    ((facts.versionId !== undefined && facts.versionId !== versionId) ||
      (etag !== undefined && facts.etag !== etag));
  if (!isOther) return;
  throw new SidecarError(
    `the source gave version ${facts.versionId} with ETag ${facts.etag} where ${versionId} with ${etag} was asked for`,
    { code: 'source-nonsense', retryable: true },
  );
}

/** A body without a length looks whole when it is cut, so its length must be known from elsewhere. */
async function sizeByHead(attempt: Attempt, facts: ObjectFacts): Promise<number> {
  const { bucket, key, versionId } = attempt.task.change;
  const answer = await fromSource(
    attempt.source.fetch({
      method: 'HEAD',
      bucket,
      key,
      query: queryOf({ versionId }),
      headers: [ownLook],
      signal: attempt.signal,
    }),
  );
  const head = readFacts(answer.headers, attempt.now());
  if (head.size !== undefined && head.etag === facts.etag) return head.size;
  throw new SidecarError(`the source does not tell how long /${bucket}/${key} is`, {
    code: 'source-nonsense',
    retryable: true,
  });
}
