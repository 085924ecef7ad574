// Sends an object that came whole with one PUT.

import { checksumHeader } from '../s3/checksums.ts';
import type { HeaderPair } from '../s3/client.ts';
import { S3Error } from '../s3/errors.ts';
import { queryOf } from '../s3/path.ts';
import type { Attempt } from './attempt.ts';
import { writeToTarget } from './attempt.ts';
import type { DialectName } from './dialect.ts';
import { inDialect } from './dialect.ts';
import { hasByIdentity } from './look.ts';
import type { ObjectBody } from './object-body.ts';
import { takeBody } from './object-body.ts';
import type { SourceObject } from './source-object.ts';
import type { Stored } from './stored.ts';
import { checkSent, checkStored, readStored } from './stored.ts';
import { objectLines, originLines } from './write-headers.ts';

/** Resolves with the id that the target has it under. */
export async function putObject(
  attempt: Attempt,
  object: SourceObject,
  time: number,
): Promise<string | undefined> {
  const { identity, target } = attempt;
  const promised = {
    size: object.facts.size,
    md5: object.facts.md5,
    name: `/${attempt.task.change.bucket}/${attempt.task.change.key}`,
  };
  let body = await takeBody(await object.open(), promised, attempt.buffers);
  let isSent = false;
  try {
    const stored = await inDialect(target.dialect, async (dialect) => {
      if (isSent && !body.isHeld) {
        body.release();
        body = await takeBody(await object.open(), promised, attempt.buffers);
      }
      isSent = true;
      return send(attempt, { object, body, time }, dialect);
    });
    if (stored === 'there') return identity;
    if (stored.dialect === 'minio') target.dialect.confirm(identity, stored.versionId);
    await checkSent(attempt, stored, { sent: body.md5(), meant: object.facts.md5 });
    await checkStored(attempt, stored, [object.facts.etag, body.md5()]);
    return stored.versionId;
  } finally {
    body.release();
  }
}

interface Sending {
  readonly object: SourceObject;
  readonly body: ObjectBody;
  readonly time: number;
}

async function send(
  attempt: Attempt,
  { object, body, time }: Sending,
  dialect: DialectName,
): Promise<Stored | 'there'> {
  try {
    const answer = await writeToTarget(attempt, {
      method: 'PUT',
      query: queryOf({ versionId: attempt.target.dialect.dictated(dialect, attempt.identity) }),
      headers: [
        ...objectLines(object),
        ...integrityLines(dialect, object, body),
        ...originLines(dialect, { identity: attempt.identity, facts: object.facts, time }),
      ],
      body: body.sendable,
    });
    return readStored(dialect, answer.headers);
  } catch (error) {
    const fault = body.fault();
    if (fault !== undefined) throw fault;
    const isThere = error instanceof S3Error && error.status === 412 && dialect === 'minio';
    if (isThere && (await hasByIdentity(attempt, object.facts))) return 'there';
    throw error;
  }
}

/**
 * The target compares these with the bytes that it got. Of a stream the MD5 is only what the source says: MinIO, which
 * is told the ETag and would take any bytes for it, must have it, and so must locks; others need not.
 */
function integrityLines(
  dialect: DialectName,
  { facts }: SourceObject,
  body: ObjectBody,
): HeaderPair[] {
  const lines: HeaderPair[] = facts.checksums
    .filter(({ type }) => type === 'FULL_OBJECT')
    .map(({ algorithm, value }) => ({ name: checksumHeader(algorithm), value }));
  const isLocked = facts.headers.some(({ name }) => name.startsWith('x-amz-object-lock-'));
  const streamed = dialect === 'minio' || isLocked ? facts.md5 : undefined;
  const md5 = body.isHeld ? body.md5() : streamed;
  if (md5 !== undefined) {
    lines.push({ name: 'content-md5', value: Buffer.from(md5, 'hex').toString('base64') });
  }
  return lines;
}
