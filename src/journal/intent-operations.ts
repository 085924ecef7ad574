// The operations on intents.
//
//   open ─▶ accepted (settle) | refused (drop) | unknown ─▶ asked again (askAgain) ─▶ accepted | refused

import { SidecarError } from '../errors.ts';
import { enqueue, keysToEnqueue, type ResolvedDraft } from './enqueue.ts';
import { decodeIntent, encodeIntent } from './intent-record.ts';
import { intentKey } from './keys.ts';
import type { Memory } from './memory.ts';
import type { Intent, IntentDraft, Task } from './types.ts';
import type { Operation } from './writer.ts';

export function openIntent(draft: IntentDraft): Operation<Intent> {
  return {
    durable: true,
    grows: true,
    keys: () => [],
    apply(transaction) {
      const id = transaction.ledger.nextSequence++;
      transaction.insert(intentKey(id), encodeIntent(draft, 0, draft.openedAt));
      return intentOf(id, draft);
    },
  };
}

/** Written out where nothing rare is in it: a spread would give each object of this hot path a shape of its own. */
function intentOf(id: number, draft: IntentDraft): Intent {
  const { operation, bucket, keys, openedAt } = draft;
  const intent: Intent = { id, operation, bucket, keys, openedAt, asked: 0, askAt: openedAt };
  const isPlain = draft.partSizes === undefined && draft.uploadId === undefined;
  return isPlain ? intent : { ...draft, ...intent };
}

export function settle(
  memory: Memory,
  id: number,
  drafts: readonly ResolvedDraft[],
): Operation<readonly Task[]> {
  const key = intentKey(id);
  return {
    durable: false,
    // Its place was promised when the intent was opened.
    grows: false,
    keys: () => [key, ...keysToEnqueue(drafts)],
    apply(transaction) {
      // Whoever comes second must not make the same tasks once more.
      if (!transaction.has(key)) throw unknownIntent(id);
      transaction.delete(key);
      return enqueue(memory, transaction, drafts);
    },
  };
}

export function drop(id: number): Operation<void> {
  const key = intentKey(id);
  return {
    durable: false,
    grows: false,
    keys: () => [key],
    apply: (transaction) => {
      transaction.delete(key);
    },
  };
}

export function askAgain(
  id: number,
  next: { readonly asked: number; readonly askAt: number },
): Operation<void> {
  const key = intentKey(id);
  return {
    durable: false,
    grows: false,
    keys: () => [key],
    apply(transaction) {
      const payload = transaction.get(key);
      if (payload === undefined) return;
      const intent = decodeIntent(id, payload);
      transaction.put(key, encodeIntent(intent, next.asked, next.askAt));
    },
  };
}

export function enqueueAlone(
  memory: Memory,
  drafts: readonly ResolvedDraft[],
): Operation<readonly Task[]> {
  return {
    durable: false,
    grows: true,
    keys: () => keysToEnqueue(drafts),
    apply: (transaction) => enqueue(memory, transaction, drafts),
  };
}

function unknownIntent(id: number): SidecarError {
  return new SidecarError(`intent ${id} is not open`, {
    code: 'unknown-intent',
    retryable: false,
    hint: 'it was settled or dropped already',
  });
}
