// Removes at the target what was removed at the source: one version for good, or, where the source keeps no
// versions, the object.

import { hasObject } from '../s3/calls.ts';
import type { HeaderPair } from '../s3/client.ts';
import { provesAbsence, S3Error } from '../s3/errors.ts';
import { queryOf } from '../s3/path.ts';
import type { Attempt, Outcome } from './attempt.ts';
import { knownTargetId, writeToTarget } from './attempt.ts';
import { refusesManner } from './dialect.ts';
import { fromSource } from './failure.ts';
import { listTarget } from './look.ts';
import { replicaLines } from './write-headers.ts';

const done: Outcome = { kind: 'replicated', bytes: 0, completion: {} };

/** Always with a version id: without one the call would make a marker. */
export async function sendVersionDelete(attempt: Attempt): Promise<Outcome> {
  const { identity, target, task } = attempt;
  const known = await knownTargetId(attempt);
  const mints = target.dialect.known === 's3' && identity !== 'null';
  // A target that mints ids has the version only under an id that the map knows.
  if (known === undefined && mints) return done;
  const id = known ?? identity;
  const isOnlyLatest = id === 'null' && task.change.versionId !== 'null';
  if (isOnlyLatest && (await sourceHasKey(attempt))) return done;
  try {
    await deleteVersion(attempt, id);
  } catch (error) {
    // It cannot have a version under an id that it does not take.
    if (known !== undefined || !refusesManner(error)) throw error;
  }
  return done;
}

async function deleteVersion(attempt: Attempt, versionId: string): Promise<void> {
  const isPlain = attempt.target.dialect.known === 's3';
  const lines = isPlain ? [] : replicaLines;
  try {
    await deleteAtTarget(attempt, queryOf({ versionId }), lines);
  } catch (error) {
    const mayBeLocked = error instanceof S3Error && error.status === 403;
    if (!mayBeLocked) throw error;
    // The source let the client pass over a governance retention; without one the header changes nothing.
    const bypass = { name: 'x-amz-bypass-governance-retention', value: 'true' };
    await deleteAtTarget(attempt, queryOf({ versionId }), [...lines, bypass]);
  }
}

/** A key that exists again at the source is the affair of a later task. */
export async function sendDelete(attempt: Attempt): Promise<Outcome> {
  if (await sourceHasKey(attempt)) return done;
  if (attempt.task.attempts > 1) {
    // On a bucket with versions a second call would make a second marker.
    const [top] = await listTarget(attempt);
    if (top === undefined || top.marker) return done;
  }
  const lines = attempt.target.dialect.known === 'minio' ? replicaLines : [];
  await deleteAtTarget(attempt, '', lines);
  return done;
}

async function deleteAtTarget(
  attempt: Attempt,
  query: string,
  headers: readonly HeaderPair[],
): Promise<void> {
  try {
    await writeToTarget(attempt, { method: 'DELETE', query, headers });
  } catch (error) {
    if (!provesAbsence(error)) throw error;
  }
}

function sourceHasKey({ source, task, signal }: Attempt): Promise<boolean> {
  const { bucket, key } = task.change;
  return fromSource(hasObject(source, { bucket, key, signal }));
}
