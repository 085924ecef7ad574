// What becomes of a task whose attempt failed: given back as if untried, or put to rest until it is due. Pure.

import type { Postponement, Task } from '../journal/types.ts';
import type { RetryBounds } from './backoff.ts';
import { backoffMs, parkedMs } from './backoff.ts';
import type { Verdict } from './failure.ts';

export interface Circumstances {
  readonly at: number;
  readonly random: number;
  readonly retry: RetryBounds;
  /** Whether anything may have reached the target: such an attempt must count. */
  readonly wrote: boolean;
  /** Whether the store that is silent was known to be so already: one visible failure is enough. */
  readonly wasDown: boolean;
  readonly isClosing: boolean;
}

/** Undefined: the task is given back. */
export function settlement(
  task: Task,
  verdict: Verdict,
  now: Circumstances,
): Postponement | undefined {
  const { at, retry, random } = now;
  const failure = { code: verdict.code, reason: verdict.reason, at };
  const rest = backoffMs(task.attempts, retry, random);
  const later = { failure, state: 'failed', dueAt: at + rest, orderly: true } as const;
  switch (verdict.kind) {
    case 'aborted':
      if (!now.wrote) return undefined;
      return now.isClosing ? { ...later, failure: interrupted(at), dueAt: at } : later;
    case 'silent':
    case 'source-silent':
      return now.wasDown && !now.wrote ? undefined : later;
    case 'throttled':
      return { ...later, dueAt: at + Math.max(rest, verdict.retryAfterMs ?? 0) };
    case 'person':
      return { ...later, state: 'parked', dueAt: at + Math.max(parkedMs, rest) };
    case 'bug':
      return { ...later, orderly: false };
    case 'object':
      break;
  }
  return later;
}

function interrupted(at: number): Postponement['failure'] {
  const reason = 'the sidecar was stopped during the attempt; it goes on with the next start';
  return { code: 'interrupted', reason, at };
}
