// Brings a delete marker to the target. MinIO's call for it is a toggle: made twice, it undoes itself. So there is
// always a look first, and it is never simply repeated.

import { queryOf } from '../s3/path.ts';
import type { Attempt, Outcome } from './attempt.ts';
import { mapped, mappedIds, writeToTarget } from './attempt.ts';
import { listTarget, lookAtIdentity } from './look.ts';
import { one } from './object-facts.ts';
import { findSourceVersion } from './source-version.ts';
import { replicaLines, sourceTime } from './write-headers.ts';

export function sendMarker(attempt: Attempt): Promise<Outcome> {
  const { target, identity } = attempt;
  // A null marker takes the place of the null version, which naming the id `null` cannot express.
  const isPlain = target.dialect.known === 's3' || identity === 'null';
  return isPlain ? sendPlain(attempt) : sendById(attempt);
}

async function sendById(attempt: Attempt): Promise<Outcome> {
  const { target, identity } = attempt;
  const { change } = attempt.task;
  const isKnown = target.dialect.known === 'minio';
  const there = await lookAtIdentity(attempt);
  if (there === 'marker') return done(attempt, identity);
  if (!isKnown && there !== 'absent') return sendPlain(attempt);
  const entry = await findSourceVersion(attempt);
  if (entry === undefined) return { kind: 'gone', bytes: 0, completion: {} };
  const time = target.times.next(change.bucket, change.key, entry.lastModified);
  await writeToTarget(attempt, {
    method: 'DELETE',
    query: queryOf({ versionId: identity }),
    headers: [
      ...replicaLines,
      sourceTime(time),
      { name: 'x-minio-source-deletemarker', value: 'true' },
    ],
  });
  // A store that does not know the call says that it removed what was not there: that proves nothing.
  if (!isKnown && (await lookAtIdentity(attempt)) !== 'marker') return sendPlain(attempt);
  target.times.sent(change.bucket, change.key, time);
  return done(attempt, identity);
}

function done(attempt: Attempt, identity: string): Outcome {
  attempt.target.dialect.confirm(identity, identity);
  return { kind: 'replicated', bytes: 0, completion: mapped(attempt, identity) };
}

async function sendPlain(attempt: Attempt): Promise<Outcome> {
  const { target, task } = attempt;
  const found = task.attempts > 1 ? await looseMarker(attempt) : undefined;
  if (found !== undefined) return marked(attempt, found);
  const answer = await writeToTarget(attempt, {
    method: 'DELETE',
    headers: target.dialect.known === 'minio' ? replicaLines : [],
  });
  const id = one(answer.headers, 'x-amz-version-id');
  if (attempt.identity !== 'null' && target.dialect.known === undefined) target.dialect.found('s3');
  return marked(attempt, id);
}

/** On a bucket without versions the marker has no id, and is nothing that could be removed later. */
function marked(attempt: Attempt, id: string | undefined): Outcome {
  const completion = id === undefined ? {} : mapped(attempt, id);
  return { kind: 'replicated', bytes: 0, completion };
}

/** A marker on top that belongs to no other version: an earlier attempt made it. */
async function looseMarker(attempt: Attempt): Promise<string | undefined> {
  const [top] = await listTarget(attempt);
  if (top === undefined || !top.marker) return undefined;
  const taken = await mappedIds(attempt);
  const isOthers = taken.has(top.versionId) && attempt.identity !== 'null';
  return isOthers ? undefined : top.versionId;
}
