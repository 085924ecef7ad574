// Settles intents whose outcome no answer told, by asking the source: after a lost answer, a cut connection, a crash,
// and where an answer does not name the version. A request that the store had received whole can still commit after
// we asked, so "nothing found" is final only on a later look.
//
//   open ─ first look at once ─▶ open ─ second look after a minute ─▶ settled
//                                  └─ completions: a third after a quarter of an hour ─▶ settled
//
// What a look finds becomes tasks at once. A look that the source does not answer cleanly does not count.

import { setImmediate } from 'node:timers/promises';
import type { Change, Intent, IntentKey, Journal, Task, TaskDraft } from '../journal/types.ts';
import type { S3Client } from '../s3/client.ts';
import { isOutage, S3Error } from '../s3/errors.ts';
import { lookAtSource } from './look.ts';

export interface SettlerLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface SettlerOptions {
  readonly journal: Journal;
  readonly source: S3Client;
  /** The tasks that a change becomes under the rules of now; undefined if no target wants it. */
  draftOf(change: Change): TaskDraft | undefined;
  /** A bucket of which it is not known what changed must be gone over as a whole. */
  markBucket(intent: Intent): Promise<void>;
  readonly log: SettlerLog;
  readonly now?: () => number;
  /** Pauses before the second look, and before the third of a completion, ms. */
  readonly pausesMs?: { readonly second: number; readonly third: number };
  /** How long nothing is asked after the source did not answer, ms. */
  readonly outagePauseMs?: number;
}

/** What an answer told although it did not tell all. */
export interface Hints {
  readonly changes: readonly Change[];
  readonly unclear: readonly IntentKey[];
}

const pageSize = 500;
const looksAtOnce = 8;

export class Settler {
  readonly #options: SettlerOptions;
  readonly #now: () => number;
  readonly #pausesMs: { readonly second: number; readonly third: number };
  readonly #outagePauseMs: number;
  readonly #abort = new AbortController();
  /** Intents of requests that are under way, or being looked at: not for the loop. */
  readonly #held = new Set<number>();
  #running: Promise<void> | undefined;
  #wakeUp: (() => void) | undefined;
  #woken = false;
  #pausedUntil = 0;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#pausesMs = options.pausesMs ?? { second: 60_000, third: 900_000 };
    this.#outagePauseMs = options.outagePauseMs ?? 2_000;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#wakeUp?.();
    await this.#running;
  }

  /** The request of this intent is under way: its answer is waited for. */
  hold(intentId: number): void {
    this.#held.add(intentId);
  }

  /** The request is over and did not settle its intent: it is looked after from here on. */
  giveUp(intentId: number): void {
    this.#held.delete(intentId);
    this.#woken = true;
    this.#wakeUp?.();
  }

  /** The request settled or dropped its intent. */
  forget(intentId: number): void {
    this.#held.delete(intentId);
  }

  /** The answer accepted the write without naming all versions: the source is asked for the rest, now. */
  async complete(intent: Intent, hints: Hints): Promise<readonly Task[]> {
    const seen = await this.#look(intent, hints.unclear);
    const tasks = await this.#options.journal.settle(
      intent.id,
      this.#drafts([...hints.changes, ...seen]),
    );
    this.#held.delete(intent.id);
    return tasks;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- rounds follow each other
      const nextAt = await this.#round().catch((error: unknown) => this.#onRoundFailed(error));
      // oxlint-disable-next-line no-await-in-loop -- rounds follow each other
      await this.#sleepUntil(Math.max(nextAt, this.#pausedUntil));
    }
  }

  #onRoundFailed(error: unknown): number {
    if (!this.#abort.signal.aborted) {
      this.#options.log.warn({ err: error }, 'open intents could not be gone through');
    }
    return this.#now() + this.#outagePauseMs;
  }

  /** Goes once through all open intents; resolves with the time when the next is due. */
  async #round(): Promise<number> {
    let nextAt = this.#now() + 60_000;
    let after: number | undefined;
    while (!this.#abort.signal.aborted) {
      // Not what is due, but when it may be asked for: a timer may be a moment early by the clock.
      if (this.#now() < this.#pausedUntil) return this.#pausedUntil;
      // oxlint-disable-next-line no-await-in-loop -- page by page
      const page = await this.#options.journal.openIntents(after, pageSize);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
      // Whoever opened an intent that is on this page has said so with `hold` by the next turn of the event loop.
      // oxlint-disable-next-line no-await-in-loop -- page by page
      await setImmediate();
      const due: Intent[] = [];
      for (const intent of page) {
        if (this.#held.has(intent.id)) continue;
        if (intent.askAt <= this.#now()) due.push(intent);
        else nextAt = Math.min(nextAt, intent.askAt);
      }
      // oxlint-disable-next-line no-await-in-loop -- page by page
      nextAt = Math.min(nextAt, await this.#lookAtAll(due));
    }
    return nextAt;
  }

  async #lookAtAll(due: readonly Intent[]): Promise<number> {
    const queue = [...due];
    let nextAt = Number.POSITIVE_INFINITY;
    const work = async (): Promise<void> => {
      for (let intent = queue.shift(); intent !== undefined; intent = queue.shift()) {
        if (this.#abort.signal.aborted || this.#now() < this.#pausedUntil) return;
        // oxlint-disable-next-line no-await-in-loop -- each worker has one look under way
        nextAt = Math.min(nextAt, await this.#settleByLook(intent));
      }
    };
    await Promise.all(Array.from({ length: looksAtOnce }, work));
    return nextAt;
  }

  /** Resolves with the time of the next look, infinity if there is none. */
  async #settleByLook(intent: Intent): Promise<number> {
    const { journal, log } = this.#options;
    this.#held.add(intent.id);
    try {
      if (intent.keys.length === 0) {
        await this.#options.markBucket(intent);
        await journal.drop(intent.id);
        return Number.POSITIVE_INFINITY;
      }
      const drafts = this.#drafts(await this.#look(intent, intent.keys));
      const askAt = this.#nextLook(intent);
      if (askAt !== undefined) {
        if (drafts.length > 0) await journal.enqueue(drafts);
        await journal.askAgain(intent.id, { asked: intent.asked + 1, askAt });
        return askAt;
      }
      await journal.settle(intent.id, drafts);
      log.info(
        {
          intent: intent.id,
          operation: intent.operation,
          bucket: intent.bucket,
          found: drafts.length,
        },
        'open intent settled by asking the source',
      );
      return Number.POSITIVE_INFINITY;
    } catch (error) {
      return await this.#onLookFailed(intent, error);
    } finally {
      this.#held.delete(intent.id);
    }
  }

  /** When the source is asked once more after the look that just ended; undefined: that one was the last. */
  #nextLook(intent: Intent): number | undefined {
    if (intent.asked === 0) return this.#now() + this.#pausesMs.second;
    const isCompletion = intent.operation === 'CompleteMultipartUpload';
    return intent.asked === 1 && isCompletion ? this.#now() + this.#pausesMs.third : undefined;
  }

  async #onLookFailed(intent: Intent, error: unknown): Promise<number> {
    const { journal, log } = this.#options;
    if (this.#abort.signal.aborted) return Number.POSITIVE_INFINITY;
    const facts = { intent: intent.id, bucket: intent.bucket, err: error };
    if (error instanceof S3Error && error.code === 'NoSuchBucket') {
      log.info(facts, 'open intent dropped: its bucket is gone');
      await journal.drop(intent.id);
      return Number.POSITIVE_INFINITY;
    }
    log.warn(facts, 'the source could not be asked about an open intent');
    const askAt = this.#now() + this.#pausesMs.second;
    if (!isOutage(error) && !(error instanceof S3Error && error.retryable)) {
      await journal.askAgain(intent.id, { asked: intent.asked, askAt }).catch(() => undefined);
      return askAt;
    }
    this.#pausedUntil = this.#now() + this.#outagePauseMs;
    return this.#pausedUntil;
  }

  #look(intent: Intent, keys: readonly IntentKey[]): Promise<readonly Change[]> {
    const { source, journal } = this.#options;
    return lookAtSource(intent, keys, {
      source,
      journal,
      now: this.#now,
      signal: this.#abort.signal,
    });
  }

  #drafts(changes: readonly Change[]): readonly TaskDraft[] {
    return changes
      .map((change) => this.#options.draftOf(change))
      .filter((draft) => draft !== undefined);
  }

  async #sleepUntil(at: number): Promise<void> {
    if (this.#abort.signal.aborted || this.#woken) {
      this.#woken = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, at - this.#now()));
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeUp = undefined;
    this.#woken = false;
  }
}
