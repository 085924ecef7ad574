// The operations on marks and on paused targets.

import { damageKey, pausedKey } from './keys.ts';
import { markKeyOf, parseMark, putMark } from './marks.ts';
import type { Targets } from './targets.ts';
import type { Mark } from './types.ts';
import type { Operation } from './writer.ts';

export function markOperation(targets: Targets, mark: Mark): Operation<void> {
  const key = markKeyOf(targets, mark);
  return {
    durable: true,
    grows: false,
    keys: () => [key],
    apply(transaction) {
      const before = transaction.get(key);
      const isDamage = before !== undefined && parseMark(before).damage === true;
      putMark(transaction, targets, mark, isDamage);
    },
  };
}

export function unmarkOperation(
  targets: Targets,
  mark: { readonly bucket: string; readonly target: string },
): Operation<void> {
  const key = markKeyOf(targets, mark);
  return {
    durable: true,
    grows: false,
    keys: () => [key],
    apply: (transaction) => {
      transaction.delete(key);
    },
  };
}

/** Takes the note of a damage away, once all that it may have touched was gone over. */
export function forgetDamage(done: () => void): Operation<void> {
  return {
    durable: true,
    grows: false,
    keys: () => [damageKey],
    apply(transaction) {
      transaction.delete(damageKey);
      transaction.afterCommit(done);
    },
  };
}

export function pauseOperation(targets: Targets, target: string, paused: boolean): Operation<void> {
  const key = pausedKey(targets.get(target).number);
  return {
    durable: true,
    grows: false,
    keys: () => [key],
    apply(transaction) {
      if (!paused) transaction.delete(key);
      else if (!transaction.has(key)) transaction.put(key, '');
    },
  };
}
