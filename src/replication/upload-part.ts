// Sends one part of a multipart upload: a range of the source's object.

import type { ChecksumAlgorithm } from '../s3/checksums.ts';
import { checksumHeader, createChecksum } from '../s3/checksums.ts';
import type { HeaderPair } from '../s3/client.ts';
import { queryOf } from '../s3/path.ts';
import type { Attempt } from './attempt.ts';
import { writeToTarget } from './attempt.ts';
import type { DialectName } from './dialect.ts';
import { fromSource } from './failure.ts';
import type { ObjectBody } from './object-body.ts';
import { takeBody } from './object-body.ts';
import type { ObjectFacts } from './object-facts.ts';
import { one } from './object-facts.ts';
import { openRange } from './source-object.ts';
import { checkPart } from './stored.ts';
import { replicationRequest } from './write-headers.ts';

export interface PartRange {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

export interface SentPart {
  readonly number: number;
  readonly etag: string;
  /** Hexadecimal MD5 of its bytes; undefined where an earlier attempt sent it to a target that encrypts. */
  readonly md5: string | undefined;
  /** Base64, where the object has a checksum of its parts' checksums. */
  readonly checksum: string | undefined;
}

export interface Upload {
  readonly id: string;
  readonly dialect: DialectName;
  readonly facts: ObjectFacts;
  /** Set where each part must carry its checksum. */
  readonly partChecksum: ChecksumAlgorithm | undefined;
}

export async function sendPart(
  attempt: Attempt,
  upload: Upload,
  range: PartRange,
): Promise<SentPart> {
  const checksum = await checksumOfRange(attempt, upload, range);
  const body = await openPart(attempt, upload.facts, range);
  try {
    const headers: HeaderPair[] = upload.dialect === 'minio' ? [replicationRequest] : [];
    if (checksum !== undefined && upload.partChecksum !== undefined) {
      headers.push({ name: checksumHeader(upload.partChecksum), value: checksum });
    }
    if (body.isHeld) {
      const md5 = Buffer.from(body.md5(), 'hex').toString('base64');
      headers.push({ name: 'content-md5', value: md5 });
    }
    const answer = await writeToTarget(attempt, {
      method: 'PUT',
      query: queryOf({ partNumber: range.number, uploadId: upload.id }),
      headers,
      body: body.sendable,
    });
    const etag = (one(answer.headers, 'etag') ?? '').replaceAll('"', '');
    checkPart(answer.headers, etag, body.md5());
    return { number: range.number, etag, md5: body.md5(), checksum };
  } catch (error) {
    throw body.fault() ?? error;
  } finally {
    body.release();
  }
}

/** The checksum goes ahead of the bytes, so the range is read once more for it. Only composite ones need that. */
export async function checksumOfRange(
  attempt: Attempt,
  { partChecksum, facts }: Upload,
  range: PartRange,
): Promise<string | undefined> {
  if (partChecksum === undefined) return undefined;
  const sum = createChecksum(partChecksum);
  if (range.end > range.start) {
    const stream = await openRange(attempt, facts, range);
    await fromSource(addAll(stream, (piece) => sum.update(piece)));
  }
  return sum.digest();
}

async function addAll(stream: AsyncIterable<Buffer>, add: (piece: Buffer) => void): Promise<void> {
  for await (const piece of stream) add(piece);
}

async function openPart(
  attempt: Attempt,
  facts: ObjectFacts,
  range: PartRange,
): Promise<ObjectBody> {
  const { bucket, key } = attempt.task.change;
  const size = range.end - range.start;
  const promised = { size, md5: undefined, name: `part ${range.number} of /${bucket}/${key}` };
  if (size === 0) return emptyBody;
  return takeBody(await openRange(attempt, facts, range), promised, attempt.buffers);
}

const emptyBody: ObjectBody = {
  sendable: Buffer.alloc(0),
  isHeld: true,
  md5: () => 'd41d8cd98f00b204e9800998ecf8427e',
  fault: () => undefined,
  release: () => {},
};
