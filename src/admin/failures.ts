// Failed tasks of several targets as one list, page by page.

import { SidecarError } from '../errors.ts';
import type { FailedTask } from '../journal/types.ts';
import type { AdminJournal, FailureReport, FailuresPage, FailuresQuery } from './types.ts';

/** Goes through the targets one after the other; the cursor names the target and the journal's place in it. */
export async function readFailures(
  journal: AdminJournal,
  targets: readonly string[],
  query: FailuresQuery,
): Promise<FailuresPage> {
  const start = query.after === undefined ? undefined : decodeCursor(query.after);
  const wanted = query.target === undefined ? targets.toSorted() : [query.target];
  const remaining = wanted.filter((name) => start === undefined || name >= start.target);
  const failures: FailureReport[] = [];
  for (const [index, target] of remaining.entries()) {
    const after = target === start?.target ? start.after : undefined;
    const page = {
      limit: query.limit - failures.length,
      ...(after === undefined ? {} : { after }),
    };
    // oxlint-disable-next-line no-await-in-loop -- the next page depends on how much this one holds
    const { tasks, next } = await journal.failures(target, page);
    failures.push(...tasks.map((task) => reportFailure(task)));
    if (next !== undefined) return { failures, next: encodeCursor(target, next) };
    const following = remaining[index + 1];
    if (failures.length >= query.limit && following !== undefined) {
      return { failures, next: encodeCursor(following, undefined) };
    }
  }
  return { failures, next: null };
}

function reportFailure(task: FailedTask): FailureReport {
  const { change, failure } = task;
  return {
    target: task.target,
    state: task.state === 'waiting' ? 'failed' : task.state,
    kind: change.kind,
    bucket: change.bucket,
    key: change.key,
    versionId: change.versionId,
    attempts: task.attempts,
    code: failure?.code ?? 'unknown',
    reason: failure?.reason ?? '',
    failedAt: failure === undefined ? null : new Date(failure.at).toISOString(),
    nextAttemptAt: new Date(task.dueAt).toISOString(),
  };
}

function encodeCursor(target: string, after: string | undefined): string {
  return Buffer.from(JSON.stringify([target, after ?? null])).toString('base64url');
}

function decodeCursor(cursor: string): { target: string; after: string | undefined } {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && typeof value[0] === 'string') {
      return { target: value[0], after: typeof value[1] === 'string' ? value[1] : undefined };
    }
  } catch {
    // Told below, like every other cursor that is not ours.
  }
  throw new SidecarError('the cursor is not one that was given out', {
    code: 'bad-cursor',
    retryable: false,
  });
}
