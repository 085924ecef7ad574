// What the target says it stored, held against what was sent: without that comparison nothing is COMPLETED.

import { SidecarError } from '../errors.ts';
import { ownLook } from '../s3/calls.ts';
import type { AnswerHeaders } from '../s3/client.ts';
import { queryOf } from '../s3/path.ts';
import type { Attempt } from './attempt.ts';
import { writeToTarget } from './attempt.ts';
import type { DialectName } from './dialect.ts';
import { one } from './object-facts.ts';

/** The target's answer to a write. */
export interface Stored {
  readonly dialect: DialectName;
  /** Without quotes. */
  readonly etag: string;
  /** As the target named it. */
  readonly versionId: string | undefined;
  readonly isEncrypted: boolean;
}

export function readStored(dialect: DialectName, headers: AnswerHeaders, etag?: string): Stored {
  const encryption = Object.keys(headers).some((name) =>
    name.startsWith('x-amz-server-side-encryption'),
  );
  return {
    dialect,
    etag: (etag ?? one(headers, 'etag') ?? '').replaceAll('"', ''),
    versionId: one(headers, 'x-amz-version-id'),
    isEncrypted: encryption,
  };
}

/**
 * The ETag must be the source's, or that of the bytes sent. A target that encrypts makes ETags of its own; there the
 * checksums that went with the upload, which the target compared, must do.
 */
export async function checkStored(
  attempt: Attempt,
  stored: Stored,
  expected: readonly (string | undefined)[],
): Promise<void> {
  if (stored.isEncrypted) return;
  const etag = stored.etag === '' ? await etagAtTarget(attempt, stored) : stored.etag;
  if (expected.includes(etag)) return;
  await removeWrong(attempt, stored);
  const { bucket, key } = attempt.task.change;
  throw new SidecarError(
    `the target stored /${bucket}/${key} with the ETag "${etag}" where "${expected[0]}" was sent`,
    { code: 'etag-mismatch', retryable: true },
  );
}

/** Ceph 16 answers a completion with an empty ETag, and a HEAD with the right one. */
async function etagAtTarget(attempt: Attempt, { versionId }: Stored): Promise<string> {
  const answer = await attempt.target.client.fetch({
    method: 'HEAD',
    bucket: attempt.targetBucket,
    key: attempt.task.change.key,
    query: queryOf({ versionId }),
    headers: [ownLook],
    signal: attempt.signal,
  });
  return (one(answer.headers, 'etag') ?? '').replaceAll('"', '');
}

/** What was read from the source must be what the source says it is; a stream tells only at its end. */
export async function checkSent(
  attempt: Attempt,
  stored: Stored,
  { sent, meant }: { readonly sent: string; readonly meant: string | undefined },
): Promise<void> {
  if (meant === undefined || sent === meant) return;
  await removeWrong(attempt, stored);
  throw sourceCorrupt(attempt, sent, meant);
}

export function sourceCorrupt(attempt: Attempt, sent: string, meant: string): SidecarError {
  const { bucket, key } = attempt.task.change;
  return new SidecarError(
    `the source's bytes of /${bucket}/${key} make the ETag "${sent}" where it says "${meant}"`,
    { code: 'source-corrupt', retryable: true },
  );
}

/** A minted version that is wrong would stay forever; one under our own id is written over by the next attempt. */
async function removeWrong(attempt: Attempt, { dialect, versionId }: Stored): Promise<void> {
  if (dialect !== 's3' || versionId === undefined || versionId === 'null') return;
  try {
    await writeToTarget(attempt, { method: 'DELETE', query: queryOf({ versionId }) });
  } catch {
    // The mismatch is what is reported; the version is adopted or left by the next attempt's look.
  }
}

/** The same of one part. */
export function checkPart(headers: AnswerHeaders, etag: string, md5: string): void {
  const { isEncrypted } = readStored('s3', headers);
  if (etag === md5 || isEncrypted) return;
  throw new SidecarError(
    `the target stored a part with the ETag "${etag}" where "${md5}" was sent`,
    {
      code: 'etag-mismatch',
      retryable: true,
    },
  );
}
