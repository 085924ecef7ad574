// Brings a version's tags, retention and legal hold to the target, as they are at the source now: the last state
// wins, whichever change the task was made for.

import { SidecarError } from '../errors.ts';
import { S3Error } from '../s3/errors.ts';
import type { Attempt, Outcome } from './attempt.ts';
import { knownTargetId } from './attempt.ts';
import { putLock, putTags } from './metadata-calls.ts';
import { sendObject } from './send-object.ts';
import { headSource, readTags } from './source-object.ts';
import { findSourceVersion } from './source-version.ts';

export async function sendMetadata(attempt: Attempt): Promise<Outcome> {
  const facts = await headSource(attempt);
  if (facts === undefined) return { kind: 'gone', bytes: 0, completion: {} };
  const tags = await readTags(attempt);
  const known = await knownTargetId(attempt);
  const { target, identity } = attempt;
  const isMinted = known === undefined && target.dialect.known === 's3' && identity !== 'null';
  if (isMinted) return sendWhole(attempt);
  const versionId = known ?? identity;
  try {
    await putTags(attempt, versionId, tags);
    await putLock(attempt, versionId, facts.lock);
  } catch (error) {
    if (isMissing(error, known === undefined)) return sendWhole(attempt);
    throw error;
  }
  return { kind: 'replicated', bytes: 0, completion: {} };
}

/** The target has not got the version; or, where the map knows none, does not take the id for one. */
function isMissing(error: unknown, isGuess: boolean): boolean {
  if (!(error instanceof S3Error)) return false;
  if (error.code === 'NoSuchVersion' || error.code === 'NoSuchKey') return true;
  return isGuess && error.status === 400 && error.code === 'InvalidArgument';
}

/** What is sent to a target that mints ids becomes current there, so it must be what is current at the source. */
async function sendWhole(attempt: Attempt): Promise<Outcome> {
  if (attempt.target.dialect.known !== 'minio') {
    const entry = await findSourceVersion(attempt);
    if (entry !== undefined && !entry.latest) {
      const { bucket, key, versionId } = attempt.task.change;
      throw new SidecarError(
        `the target lacks version ${versionId} of /${bucket}/${key}, and sending it now would put it above newer ones`,
        { code: 'order', retryable: false, hint: 'only sending again what follows it mends that' },
      );
    }
  }
  return sendObject(attempt);
}
