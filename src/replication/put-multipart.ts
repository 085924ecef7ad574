// Rebuilds an object at the target by a multipart upload: parts in parallel, and going on where an earlier attempt
// stopped. The upload's id is on disk before the first part leaves.

import { createHash } from 'node:crypto';
import { SidecarError } from '../errors.ts';
import { expectRoot, listParts } from '../s3/calls.ts';
import { checksumElement, checksumHeader } from '../s3/checksums.ts';
import type { HeaderPair } from '../s3/client.ts';
import { S3Error } from '../s3/errors.ts';
import { queryOf } from '../s3/path.ts';
import { escapeXml, textOf } from '../s3/xml.ts';
import type { Attempt } from './attempt.ts';
import { writeToTarget } from './attempt.ts';
import type { DialectName } from './dialect.ts';
import { inDialect } from './dialect.ts';
import { inParallel } from './in-parallel.ts';
import { hasByIdentity } from './look.ts';
import type { ObjectChecksum, ObjectFacts } from './object-facts.ts';
import { isMd5, partCount } from './object-facts.ts';
import type { SourceObject } from './source-object.ts';
import type { Stored } from './stored.ts';
import { checkStored, readStored, sourceCorrupt } from './stored.ts';
import type { PartRange, SentPart, Upload } from './upload-part.ts';
import { checksumOfRange, sendPart } from './upload-part.ts';
import {
  objectLines,
  replicationRequest,
  sourceEtag,
  sourceTime,
  uploadOriginLines,
} from './write-headers.ts';

const partsAtOnce = 4;
/** Targets put the parts together before they answer. */
const completeTimeoutMs = 10 * 60_000;

/** Resolves with the id that the target has it under. */
export async function putMultipart(
  attempt: Attempt,
  object: Pick<SourceObject, 'facts' | 'tags'>,
  { sizes, time }: { readonly sizes: readonly number[]; readonly time: number },
): Promise<string | undefined> {
  const { identity, target, task } = attempt;
  const begun = await resume(attempt, object);
  const upload = begun?.upload ?? (await begin(attempt, object));
  if (upload === 'there') return identity;
  try {
    const parts = await sendParts(attempt, upload, { sizes, there: begun?.there ?? new Map() });
    checkParts(attempt, object.facts, parts);
    const stored = await finish(attempt, upload, { object, parts, time });
    if (stored === 'there') return identity;
    if (upload.dialect === 'minio') target.dialect.confirm(identity, stored.versionId);
    await checkStored(attempt, stored, [object.facts.etag, compositeEtag(parts)]);
    return stored.versionId;
  } catch (error) {
    if (spoilsUpload(error)) {
      await abortUpload(attempt, upload.id);
      await attempt.journal.noteUpload(task, undefined);
    }
    throw error;
  }
}

/** Ends an upload that nobody will go on with. One that is gone already is as good. */
export async function abortUpload(attempt: Attempt, uploadId: string): Promise<void> {
  try {
    await writeToTarget(attempt, { method: 'DELETE', query: queryOf({ uploadId }) });
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    if (error.code !== 'NoSuchUpload' && error.status !== 404) throw error;
  }
}

/** What earlier attempts left is wrong, or of an object that is not the source's any more. */
function spoilsUpload(error: unknown): boolean {
  if (error instanceof S3Error) {
    return [
      'NoSuchUpload',
      'InvalidPart',
      'InvalidPartOrder',
      'EntityTooSmall',
      'BadDigest',
    ].includes(error.code);
  }
  if (!(error instanceof SidecarError)) return false;
  return [
    'etag-mismatch',
    'source-PreconditionFailed',
    'source-corrupt',
    'source-NoSuchKey',
    'source-NoSuchVersion',
  ].includes(error.code);
}

interface Begun {
  readonly upload: Upload;
  /** ETags and sizes of the parts that are there, by number. */
  readonly there: ReadonlyMap<number, { readonly etag: string; readonly size: number }>;
}

async function resume(
  attempt: Attempt,
  object: Pick<SourceObject, 'facts' | 'tags'>,
): Promise<Begun | undefined> {
  const { task, target, targetBucket, signal } = attempt;
  const { uploadId } = task;
  if (uploadId === undefined) return undefined;
  try {
    const parts = await listParts(target.client, {
      bucket: targetBucket,
      key: task.change.key,
      uploadId,
      signal,
    });
    const dialect = target.dialect.known ?? 'minio';
    return {
      upload: uploadOf(uploadId, dialect, object),
      there: new Map(parts.map(({ number, etag, size }) => [number, { etag, size }])),
    };
  } catch (error) {
    if (error instanceof S3Error && error.code === 'NoSuchUpload') return undefined;
    throw error;
  }
}

function uploadOf(
  id: string,
  dialect: DialectName,
  { facts }: Pick<SourceObject, 'facts'>,
): Upload {
  const composite = facts.checksums.find(({ type }) => type === 'COMPOSITE');
  return { id, dialect, facts, partChecksum: composite?.algorithm };
}

async function begin(
  attempt: Attempt,
  object: Pick<SourceObject, 'facts' | 'tags'>,
): Promise<Upload | 'there'> {
  const { task, target, identity } = attempt;
  try {
    return await inDialect(target.dialect, async (dialect) => {
      const answer = await writeToTarget(attempt, {
        method: 'POST',
        query: queryOf({ uploads: true, versionId: target.dialect.dictated(dialect, identity) }),
        headers: [
          ...objectLines(object),
          ...checksumWish(object.facts.checksums),
          ...uploadOriginLines(dialect, { identity, facts: object.facts }),
        ],
      });
      const id = textOf(expectRoot(answer.bytes, 'InitiateMultipartUploadResult'), 'UploadId');
      if (id === undefined || id === '') throw nonsense('an upload without an id');
      await attempt.journal.noteUpload(task, id);
      return uploadOf(id, dialect, object);
    });
  } catch (error) {
    if (await isThere(attempt, object, error)) return 'there';
    throw error;
  }
}

/** Asks for the same kind of checksum that the source's object has. */
function checksumWish(checksums: readonly ObjectChecksum[]): HeaderPair[] {
  const [first] = checksums;
  if (first === undefined) return [];
  return [
    { name: 'x-amz-checksum-algorithm', value: first.algorithm },
    { name: 'x-amz-checksum-type', value: first.type },
  ];
}

/** MinIO answers 412 where the version with this ETag is there already. */
async function isThere(
  attempt: Attempt,
  { facts }: Pick<SourceObject, 'facts'>,
  error: unknown,
): Promise<boolean> {
  const isRefused = error instanceof S3Error && error.status === 412;
  return isRefused && attempt.target.dialect.known !== 's3' && hasByIdentity(attempt, facts);
}

async function sendParts(
  attempt: Attempt,
  upload: Upload,
  { sizes, there }: { readonly sizes: readonly number[]; readonly there: Begun['there'] },
): Promise<readonly SentPart[]> {
  const ranges: PartRange[] = [];
  let start = 0;
  for (const [index, size] of sizes.entries()) {
    ranges.push({ number: index + 1, start, end: start + size });
    start += size;
  }
  return inParallel(ranges, partsAtOnce, attempt.signal, async (range, signal) => {
    const within = { ...attempt, signal };
    const found = there.get(range.number);
    if (found?.size !== range.end - range.start) return sendPart(within, upload, range);
    const checksum = await checksumOfRange(within, upload, range);
    const md5 = isMd5(found.etag) ? found.etag : undefined;
    return { number: range.number, etag: found.etag, md5, checksum };
  });
}

async function finish(
  attempt: Attempt,
  upload: Upload,
  sent: {
    readonly object: Pick<SourceObject, 'facts'>;
    readonly parts: readonly SentPart[];
    readonly time: number;
  },
): Promise<Stored | 'there'> {
  const { facts } = sent.object;
  const origin =
    upload.dialect === 'minio'
      ? [
          replicationRequest,
          sourceTime(sent.time),
          ...sourceEtag({ identity: attempt.identity, facts }),
        ]
      : [];
  try {
    const answer = await writeToTarget(attempt, {
      method: 'POST',
      query: queryOf({ uploadId: upload.id }),
      headers: [...origin, ...wholeChecksum(facts.checksums)],
      body: completionXml(sent.parts, upload),
      headTimeoutMs: completeTimeoutMs,
    });
    // It may say 200, send blanks for minutes, and then tell of an error.
    const root = expectRoot(withoutBlanks(answer.bytes), 'CompleteMultipartUploadResult');
    return readStored(upload.dialect, answer.headers, textOf(root, 'ETag') ?? '');
  } catch (error) {
    if (await isThere(attempt, sent.object, error)) return 'there';
    throw error;
  }
}

function wholeChecksum(checksums: readonly ObjectChecksum[]): HeaderPair[] {
  const [first] = checksums;
  if (first === undefined || first.type === 'COMPOSITE') return [];
  return [
    { name: checksumHeader(first.algorithm), value: first.value },
    { name: 'x-amz-checksum-type', value: first.type },
  ];
}

function completionXml(parts: readonly SentPart[], { partChecksum }: Upload): Buffer {
  const rows = parts.map(({ number, etag, checksum }) => {
    const element = partChecksum === undefined ? undefined : checksumElement(partChecksum);
    const sum =
      element === undefined || checksum === undefined ? '' : `<${element}>${checksum}</${element}>`;
    return `<Part><PartNumber>${number}</PartNumber><ETag>"${escapeXml(etag)}"</ETag>${sum}</Part>`;
  });
  return Buffer.from(
    `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rows.join('')}</CompleteMultipartUpload>`,
  );
}

function withoutBlanks(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte > 0x20);
  return first === -1 ? bytes : bytes.subarray(first);
}

/** Before they become an object: a target that is told the ETag would take any parts for it. */
function checkParts(attempt: Attempt, facts: ObjectFacts, parts: readonly SentPart[]): void {
  const sent = compositeEtag(parts);
  if (sent === undefined || !facts.isMd5OfParts) return;
  if (partCount(facts.etag) !== parts.length || sent === facts.etag) return;
  throw sourceCorrupt(attempt, sent, facts.etag);
}

/** S3's ETag of an object in parts: the MD5 of the parts' MD5s, and their number. */
function compositeEtag(parts: readonly SentPart[]): string | undefined {
  const sum = createHash('md5');
  for (const { md5 } of parts) {
    if (md5 === undefined) return undefined;
    sum.update(Buffer.from(md5, 'hex'));
  }
  return `${sum.digest('hex')}-${parts.length}`;
}

function nonsense(what: string): SidecarError {
  return new SidecarError(`the target answered with ${what}`, {
    code: 'nonsense',
    retryable: true,
  });
}
