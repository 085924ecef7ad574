// An answer that is held until it is whole, for as long as it comes briskly; see AnswerPlan `collect`.
//
//   whole ─▶ complete ─▶ sent                      it came in time and was short enough
//   whole ─▶ early ─▶ streaming ─▶ finish ─▶ sent  it was slow or long: only its end waits

import type { AnswerPlan, HeadEdit } from './types.ts';

export type CollectPlan = Extract<AnswerPlan, { kind: 'collect' }>;

/** The exchange, as its collector sees it. */
export interface CollectorOwner {
  sendHead(edit: HeadEdit | undefined): void;
  sendBody(bytes: Buffer): void;
  flush(): void;
  /** Everything that the answer consists of was handed over. */
  handled(): void;
  bug(error: unknown): void;
}

const FRAMING_SLACK = 64 * 1024;

export class Collector {
  readonly #plan: CollectPlan;
  readonly #owner: CollectorOwner;
  #streaming = false;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #last: Buffer | undefined;
  #content: Buffer[] | undefined = [];
  #contentBytes = 0;
  readonly #patience: NodeJS.Timeout;

  constructor(plan: CollectPlan, owner: CollectorOwner) {
    this.#plan = plan;
    this.#owner = owner;
    this.#patience = setTimeout(() => this.#goEarly(), plan.patienceMs);
  }

  /** Bytes of the message in order; `last` for those that make it whole. */
  piece(bytes: Buffer, last: boolean): void {
    if (last) {
      this.#last = bytes;
      return;
    }
    if (this.#streaming) {
      this.#owner.sendBody(bytes);
      return;
    }
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
    if (this.#piecesBytes > 2 * this.#plan.bytesMax + FRAMING_SLACK) this.#goEarly();
  }

  /** Bytes of the content, before `piece` gets them. */
  content(bytes: Buffer): void {
    this.#contentBytes += bytes.length;
    if (this.#contentBytes > this.#plan.bytesMax) {
      this.#content = undefined;
      this.#goEarly();
      return;
    }
    this.#content?.push(bytes);
    if (!this.#streaming && !isBlank(bytes)) this.#patience.refresh();
  }

  /** The message is whole: what is left is the interceptor's consent. */
  ended(): void {
    clearTimeout(this.#patience);
    const body = this.#content === undefined ? undefined : Buffer.concat(this.#content);
    this.#conclude(body).catch((error: unknown) => this.#owner.bug(error));
  }

  async #conclude(body: Buffer | undefined): Promise<void> {
    if (this.#streaming || body === undefined) await this.#plan.finish(body);
    else {
      const edit = await this.#plan.complete(body);
      this.#owner.sendHead(edit);
    }
    for (const bytes of this.#pieces) this.#owner.sendBody(bytes);
    if (this.#last !== undefined) this.#owner.sendBody(this.#last);
    this.#owner.handled();
  }

  /** Waits for nothing more; what the interceptor was already asked is still waited for. */
  stop(): void {
    clearTimeout(this.#patience);
  }

  #goEarly(): void {
    if (this.#streaming) return;
    this.#streaming = true;
    clearTimeout(this.#patience);
    try {
      this.#owner.sendHead(this.#plan.early());
    } catch (error) {
      this.#owner.bug(error);
      return;
    }
    for (const bytes of this.#pieces) this.#owner.sendBody(bytes);
    this.#pieces = [];
    this.#owner.flush();
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}
