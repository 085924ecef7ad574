// One captured write (design.md, the write path): the intent is on disk before anything goes to the source, the
// source's answer settles it, and what no answer tells is left to the settler.

import type {
  Change,
  Intent,
  IntentDraft,
  IntentKey,
  Journal,
  StatusState,
  Task,
  TaskDraft,
} from '../journal/types.ts';
import type { RuleSet } from '../replication/rules.ts';
import type { Operation, RequestFacts } from '../s3/classify.ts';
import type { S3Client } from '../s3/client.ts';
import { header } from '../wire/fields.ts';
import type {
  AnswerPlan,
  ExchangeEnd,
  HeadEdit,
  HeldBody,
  Interception,
  Reply,
  RequestHead,
  ResponseHead,
} from '../wire/types.ts';
import { refusalReply } from './answers.ts';
import type { Learnt } from './learn.ts';
import { bodyToHold, learn } from './learn.ts';
import type { Verdict } from './outcome.ts';
import { verdictOf, verdictOfStatus } from './outcome.ts';
import type { Settler } from './settler.ts';
import type { Settling } from './settling.ts';
import type { SourceFacts } from './source-facts.ts';
import { pendingEdit, statesEdit } from './status-headers.ts';

export interface CaptureLog {
  warn(facts: object, message: string): void;
}

export interface CaptureParts {
  readonly journal: Journal;
  readonly settler: Settler;
  readonly sourceFacts: SourceFacts;
  readonly settling: Settling;
  readonly source: S3Client;
  readonly rules: RuleSet;
  draftOf(change: Change): TaskDraft | undefined;
  readonly isSync: (target: string) => boolean;
  /** Resolves when the sync targets of these tasks have them, or their deadlines passed. */
  waitFor(tasks: readonly Task[]): Promise<void>;
  readonly log: CaptureLog;
  readonly now: () => number;
}

/** For these a 200 proves nothing before its body is read. */
const bodyTells: ReadonlySet<Operation> = new Set<Operation>([
  'CopyObject',
  'CompleteMultipartUpload',
  'DeleteObjects',
]);

const answerBytesMax = 4 * 1024 * 1024;
/** How long an answer may take from its head to its end before it is relayed as it comes. */
const patienceMs = 500;

export class Capture implements Interception {
  readonly answerMatters = true;
  readonly holdBody?: NonNullable<Interception['holdBody']>;
  readonly #parts: CaptureParts;
  readonly #head: RequestHead;
  readonly #facts: RequestFacts & { readonly bucket: string };
  readonly #onEnd: (end: ExchangeEnd) => void;
  #intent: Intent | undefined;
  #settled = false;

  constructor(
    request: {
      head: RequestHead;
      facts: RequestFacts & { bucket: string };
      onEnd: (end: ExchangeEnd) => void;
    },
    parts: CaptureParts,
  ) {
    this.#head = request.head;
    this.#facts = request.facts;
    this.#onEnd = request.onEnd;
    this.#parts = parts;
    const holdBody = bodyToHold(request.head, request.facts);
    if (holdBody !== undefined) this.holdBody = holdBody;
  }

  async admit(held: HeldBody | undefined): Promise<Reply | undefined> {
    const { bucket, operation } = this.#facts;
    const { rules, source } = this.#parts;
    const request = { head: this.#head, facts: this.#facts, held };
    const learnt = await learn(request, { bucket, rules, source });
    if (learnt === undefined) return undefined;
    try {
      await this.#open(learnt);
      return undefined;
    } catch (error) {
      this.#parts.log.warn(
        { err: error, operation, bucket },
        'write refused: its intent cannot be stored',
      );
      const message = 'The write cannot be recorded for replication now. Please try again.';
      const refusal = { status: 503, code: 'SlowDown', message, retryAfterSeconds: 1 };
      return refusalReply(refusal, this.#head.method);
    }
  }

  answer(head: ResponseHead): AnswerPlan | Promise<AnswerPlan> {
    if (this.#intent === undefined) return { kind: 'relay' };
    this.#parts.sourceFacts.noteDate(header(head.headers, 'date'));
    const byStatus = verdictOfStatus(head.status);
    if (byStatus === 'refused') this.#drop(this.#intent);
    if (byStatus !== 'accepted') return { kind: 'relay' };
    if (!bodyTells.has(this.#facts.operation)) {
      return this.#settle(this.#intent, head).then((edit) => ({ kind: 'relay', edit }));
    }
    return this.#collect(this.#intent, head);
  }

  end(end: ExchangeEnd): void {
    const intent = this.#intent;
    if (intent !== undefined && !this.#settled) {
      if (end.outcome === 'unsent') this.#drop(intent);
      else this.#parts.settler.giveUp(intent.id);
    }
    this.#onEnd(end);
  }

  async #open({ keys, partSizes }: Learnt): Promise<void> {
    const { journal, settler, sourceFacts } = this.#parts;
    const { operation, bucket, uploadId } = this.#facts;
    const openedAt = sourceFacts.sourceNow();
    const plain: IntentDraft = { operation, bucket, keys, openedAt };
    const isPlain = partSizes === undefined && uploadId === undefined;
    this.#intent = await journal.openIntent(
      isPlain
        ? plain
        : {
            ...plain,
            ...(partSizes === undefined ? {} : { partSizes }),
            ...(uploadId === undefined ? {} : { uploadId }),
          },
    );
    settler.hold(this.#intent.id);
  }

  #collect(intent: Intent, head: ResponseHead): AnswerPlan {
    return {
      kind: 'collect',
      bytesMax: answerBytesMax,
      patienceMs,
      complete: (body) => this.#settle(intent, head, body),
      early: () => this.#pending(intent),
      finish: async (body) => {
        // A body too long to be read says nothing: the intent stays open and the source is asked.
        if (body !== undefined) await this.#settle(intent, head, body);
      },
    };
  }

  /** Never rejects: what cannot be settled now stays open, and the store's answer goes to the client all the same. */
  async #settle(intent: Intent, head: ResponseHead, body?: Buffer): Promise<HeadEdit> {
    try {
      const verdict = await this.#verdict(intent, head, body);
      if (verdict.kind !== 'accepted') return {};
      if (intent.keys.length === 0) return {};
      if (verdict.unclear.length > 0) return await this.#settleByLook(intent, verdict);
      const drafts = this.#drafts(verdict.changes);
      const isAwaited = drafts.some(({ targets }) => targets.some(this.#parts.isSync));
      if (!isAwaited) return this.#settleBehind(intent, drafts);
      const tasks = await this.#parts.journal.settle(intent.id, drafts);
      this.#settled = true;
      this.#parts.settler.forget(intent.id);
      // A look on behalf of another write of this key may have told of the version before its own answer did.
      if (tasks.length === 0) return this.#pending(intent);
      return await this.#told(tasks);
    } catch (error) {
      this.#parts.log.warn({ err: error, intent: intent.id }, 'accepted write not settled yet');
      return this.#pending(intent);
    }
  }

  /** The intent is the promise: nobody waits for its settlement but reads of the same key. */
  #settleBehind(intent: Intent, drafts: readonly TaskDraft[]): HeadEdit {
    const { journal, settler } = this.#parts;
    this.#behind(
      intent,
      journal.settle(intent.id, drafts).then(() => settler.forget(intent.id)),
    );
    if (drafts.length === 0 || this.#facts.operation === 'DeleteObjects') return {};
    return pendingEdit([...new Set(drafts.flatMap(({ targets }) => targets))]);
  }

  #behind(intent: Intent, work: Promise<unknown>): void {
    const { settler, settling, log } = this.#parts;
    this.#settled = true;
    const settlement = work.then(
      () => undefined,
      (error: unknown) => {
        log.warn({ err: error, intent: intent.id }, 'accepted write not settled yet');
        settler.giveUp(intent.id);
      },
    );
    for (const { key } of intent.keys) settling.add(intent.bucket, key, settlement);
  }

  async #verdict(intent: Intent, head: ResponseHead, body: Buffer | undefined): Promise<Verdict> {
    const { sourceFacts, now } = this.#parts;
    const named = header(head.headers, 'x-amz-version-id') !== undefined;
    const needsVersioning = !named || this.#facts.operation === 'DeleteObjects';
    return verdictOf(
      {
        operation: this.#facts.operation,
        bucket: intent.bucket,
        keys: intent.keys,
        partSizes: intent.partSizes,
      },
      {
        status: head.status,
        header: (name) => header(head.headers, name),
        body,
        versioning: needsVersioning ? await sourceFacts.versioning(intent.bucket) : 'Enabled',
        at: now(),
      },
    );
  }

  /** The source's listing names the versions. Only sync targets make the client wait for it. */
  async #settleByLook(intent: Intent, verdict: Verdict & { kind: 'accepted' }): Promise<HeadEdit> {
    this.#settled = true;
    const { settler } = this.#parts;
    const looking = settler.complete(intent, verdict);
    const targets = targetsOf(intent.keys);
    if (targets.some((target) => this.#parts.isSync(target))) {
      try {
        return await this.#told(await looking);
      } catch (error) {
        this.#settled = false;
        throw error;
      }
    }
    this.#behind(intent, looking);
    return this.#pending(intent);
  }

  #drafts(changes: readonly Change[]): readonly TaskDraft[] {
    const drafts: TaskDraft[] = [];
    for (const change of changes) {
      const draft = this.#parts.draftOf(change);
      if (draft !== undefined) drafts.push(draft);
    }
    return drafts;
  }

  #drop(intent: Intent): void {
    this.#settled = true;
    const { journal, settler, log } = this.#parts;
    journal.drop(intent.id).then(
      () => settler.forget(intent.id),
      (error: unknown) => {
        log.warn(
          { err: error, intent: intent.id },
          'refused write not struck from the journal yet',
        );
        settler.giveUp(intent.id);
      },
    );
  }

  #pending(intent: Intent): HeadEdit {
    // The answer to DeleteObjects is about many keys: no header can say how each stands.
    if (this.#facts.operation === 'DeleteObjects') return {};
    return pendingEdit(targetsOf(intent.keys));
  }

  /** The header lines for the client, once the sync targets were waited for. */
  async #told(tasks: readonly Task[]): Promise<HeadEdit> {
    await this.#parts.waitFor(tasks);
    if (tasks.length === 0 || this.#facts.operation === 'DeleteObjects') return {};
    return statesEdit(await Promise.all(tasks.map((task) => this.#stateOf(task))));
  }

  async #stateOf({ target, change }: Task): Promise<{ target: string; state: StatusState }> {
    const status = await this.#parts.journal.status(change);
    // A version delete that is done leaves no status behind.
    return { target, state: status?.targets[target]?.state ?? 'COMPLETED' };
  }
}

function targetsOf(keys: readonly IntentKey[]): readonly string[] {
  return [...new Set(keys.flatMap(({ targets }) => targets))];
}
