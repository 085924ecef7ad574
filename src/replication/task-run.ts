// Runs one claimed task to its end in the journal: completed, put to rest, or given back. It never throws.

import { SidecarError } from '../errors.ts';
import type { Change, Postponement, Task } from '../journal/types.ts';
import type { Attempt, Outcome, Target } from './attempt.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Verdict } from './failure.ts';
import { classify } from './failure.ts';
import { identityOf } from './identity.ts';
import { replicate } from './replicate.ts';
import { settlement } from './settle.ts';
import type { ReplicatorOptions } from './types.ts';

export interface RunOptions {
  readonly replicator: ReplicatorOptions;
  readonly target: Target;
  /** The target's default bucket. */
  readonly bucket: string | undefined;
  readonly buffers: ByteBudget;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /**
   * Judges what is gone at the source: false, if it must not count as done. The task is then given back.
   */
  mayBeGone(change: Change): Promise<boolean>;
  /** Takes note of a failure before it is settled; says whether the silent store was known to be down. */
  judged(verdict: Verdict): boolean;
}

export type Ending =
  | { readonly kind: 'completed'; readonly outcome: Outcome }
  | { readonly kind: 'rested'; readonly postponement: Postponement }
  | { readonly kind: 'returned' };

export async function runTask(options: RunOptions, task: Task): Promise<Ending> {
  const { journal, wants } = options.replicator;
  const trace = { wrote: false };
  try {
    const wanted = wants(task.change, options.target.name);
    if (wanted === undefined) throw noRule(options.target.name, task);
    const targetBucket = wanted.targetBucket ?? options.bucket ?? task.change.bucket;
    const outcome = await replicate(attemptOf(options, task, { targetBucket, trace }));
    if (outcome.kind === 'gone' && !(await options.mayBeGone(task.change))) {
      return await giveBack(options, task);
    }
    await recorded(options, () => journal.complete(task, outcome.completion));
    return { kind: 'completed', outcome };
  } catch (error) {
    return settle(options, task, { error, wrote: trace.wrote });
  }
}

function attemptOf(
  { replicator, target, buffers, now, signal }: RunOptions,
  task: Task,
  rest: Pick<Attempt, 'targetBucket' | 'trace'>,
): Attempt {
  const { journal, source, site } = replicator;
  const { bucket, key, versionId } = task.change;
  const identity = identityOf({ site, bucket, key, versionId });
  return { journal, source, target, buffers, now, signal, task, identity, ...rest };
}

function noRule(target: string, { change }: Task): SidecarError {
  return new SidecarError(`no rule wants /${change.bucket}/${change.key} at ${target} any more`, {
    code: 'no-rule',
    retryable: false,
    hint: 'it is held until a rule does',
  });
}

async function settle(
  options: RunOptions,
  task: Task,
  { error, wrote }: { readonly error: unknown; readonly wrote: boolean },
): Promise<Ending> {
  const { journal, retry, random = Math.random } = options.replicator;
  const verdict = classify(error);
  const wasDown = options.judged(verdict);
  const postponement = settlement(task, verdict, {
    at: options.now(),
    random: random(),
    retry,
    wrote,
    wasDown,
    isClosing: options.signal.aborted,
  });
  if (postponement === undefined) return giveBack(options, task);
  report(options, task, { verdict, error });
  await recorded(options, () => journal.postpone(task, postponement));
  return { kind: 'rested', postponement };
}

async function giveBack(options: RunOptions, task: Task): Promise<Ending> {
  await recorded(options, () => options.replicator.journal.release(task));
  return { kind: 'returned' };
}

function report(
  { replicator: { log } }: RunOptions,
  task: Task,
  { verdict, error }: { readonly verdict: Verdict; readonly error: unknown },
): void {
  const { target, attempts, change } = task;
  const { kind, bucket, key, versionId } = change;
  const fields = { target, kind, bucket, key, versionId, attempts, code: verdict.code };
  if (verdict.kind === 'bug') log.error({ ...fields, error }, 'an attempt crashed');
  else if (verdict.kind === 'person') {
    log.error({ ...fields, reason: verdict.reason }, 'a task is parked: it needs a person');
  } else log.warn({ ...fields, reason: verdict.reason }, 'an attempt failed');
}

const pauseMs = 1000;

/**
 * A journal that is full for now is asked again until it takes the outcome. One that is broken takes nothing more:
 * the process stops, and the task, still counted as begun, is looked at before it is sent again.
 */
async function recorded(options: RunOptions, write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      await write();
      return;
    } catch (error) {
      const isPassing = error instanceof SidecarError && error.retryable;
      if (!isPassing || options.signal.aborted) {
        options.replicator.log.error(
          { error, target: options.target.name },
          'an outcome was not recorded',
        );
        return;
      }
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
    }
  }
}
