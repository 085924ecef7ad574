// One attempt at one task: what all the steps of replicating need, and what they leave behind.

import { SidecarError } from '../errors.ts';
import type { Completion, Journal, Task } from '../journal/types.ts';
import type { S3Answer, S3Call, S3Client } from '../s3/client.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Dialect } from './dialect.ts';
import type { VersionTimes } from './version-times.ts';

/** A target as a task sees it. */
export interface Target {
  readonly name: string;
  readonly client: S3Client;
  readonly dialect: Dialect;
  readonly times: VersionTimes;
}

export interface Attempt {
  readonly task: Task;
  readonly source: S3Client;
  readonly target: Target;
  readonly targetBucket: string;
  /** The id that the version has on a target that keeps ids. */
  readonly identity: string;
  readonly journal: Pick<Journal, 'status' | 'statusesOf' | 'noteUpload'>;
  readonly buffers: ByteBudget;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** What may have reached the target: a task that wrote nothing can be given back as if never tried. */
  readonly trace: { wrote: boolean };
}

/**
 * How an attempt ended that did not throw. `gone`: the source has not got it any more, nothing was sent.
 */
export interface Outcome {
  readonly kind: 'replicated' | 'gone';
  readonly bytes: number;
  readonly completion: Completion;
}

/** A call that changes the key at the target; it is noted that it may have. */
export async function writeToTarget(
  attempt: Attempt,
  call: Omit<S3Call, 'bucket' | 'key' | 'signal'>,
): Promise<S3Answer & { bytes: Buffer }> {
  const { target, targetBucket, task, signal, trace } = attempt;
  try {
    const answer = await target.client.fetch({
      ...call,
      bucket: targetBucket,
      key: task.change.key,
      signal,
    });
    trace.wrote = true;
    return answer;
  } catch (error) {
    if (!neverLeft(error)) trace.wrote = true;
    throw error;
  }
}

function neverLeft(error: unknown): boolean {
  return (
    error instanceof SidecarError && ['unreachable', 'connect-timeout', 'tls'].includes(error.code)
  );
}

/** The id in the map, where the target's differs from the source's. */
export function mapped(attempt: Attempt, targetVersionId: string | undefined): Completion {
  const id = targetVersionId ?? 'null';
  return id === attempt.task.change.versionId ? {} : { targetVersionId: id };
}

/** The version under which the target has what the change is about, as far as the journal knows. */
export async function knownTargetId(attempt: Attempt): Promise<string | undefined> {
  const { change } = attempt.task;
  const status = await attempt.journal.status(change);
  return status?.targets[attempt.target.name]?.targetVersionId;
}

/** The ids of the key's versions at the target that the journal knows the sources of. */
export async function mappedIds(attempt: Attempt): Promise<ReadonlySet<string>> {
  const { change, target } = { change: attempt.task.change, target: attempt.target.name };
  const statuses = await attempt.journal.statusesOf(change.bucket, change.key);
  const ids = new Set<string>();
  for (const { versionId, status } of statuses) {
    const known = status.targets[target];
    if (known?.targetVersionId !== undefined) ids.add(known.targetVersionId);
    else if (known?.state === 'COMPLETED') ids.add(versionId);
  }
  return ids;
}
