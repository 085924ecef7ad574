// What the client of an exchange gets: 1xx heads, then one answer, relayed, collected or our own.

import type { BodySink } from './body.ts';
import { Collector, type CollectorOwner } from './collector.ts';
import type { Survey } from './fields.ts';
import type { ParsedResponse } from './head.ts';
import { editHead, renderReply, withClose, withNames } from './head-edit.ts';
import type { WireRequest } from './request.ts';
import type { Answer } from './source-connection.ts';
import type { AnswerPlan, HeadEdit, Reply } from './types.ts';

/** What is needed of the client's connection. */
export interface ClientSide {
  /** No other request will be read from it. */
  readonly stopping: boolean;
  /** It has not taken what it was sent. */
  readonly clogged: boolean;
  /** Sends; false when it wants a pause. */
  send(pieces: readonly Buffer[]): boolean;
  /** Tells it that no byte will follow. */
  endWrites(): void;
  /** Body bytes may be accepted again, or none for now. */
  pump(): void;
  /** The exchange is over; `persist`: the next request may come. */
  over(persist: boolean): void;
  /** Ends it so that nobody takes what it got for whole. */
  cut(): void;
}

export interface DeliveryOwner {
  /** Whether the request has come in whole, so that another may follow it. */
  readonly bodyEnded: boolean;
  /** The plan for the answer was carried out. */
  handled(): void;
  bug(error: unknown): void;
}

const EMPTY = Buffer.alloc(0);

export class Delivery implements BodySink, CollectorOwner {
  /** The status that the client was sent; 0 before. */
  status = 0;
  bytesSent = 0;
  /** Whether what the client was sent lets another request follow. */
  persist = false;
  /** The client has left: whatever comes is read and dropped. */
  deaf = false;
  readonly #request: WireRequest;
  readonly #client: ClientSide;
  readonly #owner: DeliveryOwner;
  #answer: Answer | undefined;
  #collector: Collector | undefined;
  /** An HTTP/1.0 client cannot read chunks: it gets the content, up to the connection's end. */
  #decoding = false;
  #out: Buffer[] = [];

  constructor(request: WireRequest, client: ClientSide, owner: DeliveryOwner) {
    this.#request = request;
    this.#client = client;
    this.#owner = owner;
  }

  /** Whether the end of the answer waits for the interceptor. */
  get collecting(): boolean {
    return this.#collector !== undefined;
  }

  interim(response: ParsedResponse, found: Survey): void {
    // HTTP/1.0 knows no interim answers (RFC 9110 section 15.2).
    if (this.#request.head.version === '1.0') return;
    for (const piece of editHead(response, found.hopByHop)) this.#out.push(piece);
  }

  /** Carries out the plan for the final answer. True if its content is needed beside its bytes. */
  start(answer: Answer, plan: AnswerPlan): boolean {
    this.#answer = answer;
    this.#decoding = answer.framing.kind === 'chunked' && this.#request.head.version === '1.0';
    if (plan.kind === 'collect') this.#collector = new Collector(plan, this);
    else this.sendHead(plan.edit);
    return this.#decoding || plan.kind === 'collect';
  }

  /** Puts an answer of our own in the place of the source's. */
  reply(reply: Reply, persist: boolean): void {
    this.stop();
    this.persist = persist;
    if (!this.deaf) this.status = reply.status;
    this.#out = renderReply(reply, this.#request.head.method, !persist);
    this.flush();
  }

  sendHead(edit: HeadEdit | undefined): void {
    if (this.#answer === undefined) return;
    const { response, found, framing } = this.#answer;
    const { head } = response;
    this.persist =
      this.#request.persistent &&
      this.#owner.bodyEnded &&
      !this.#client.stopping &&
      framing.kind !== 'close' &&
      head.version === '1.1';
    const unfit = this.#decoding ? [...found.codings, ...found.hopByHop] : found.hopByHop;
    const names = [...(edit?.remove ?? []), ...(this.#decoding ? ['trailer'] : [])];
    const remove = withNames(unfit, head.headers, names);
    const add = withClose(edit?.add, !this.persist);
    for (const piece of editHead(response, remove, add)) this.#out.push(piece);
    if (!this.deaf) this.status = head.status;
  }

  sendBody(bytes: Buffer): void {
    if (!this.deaf && bytes.length > 0) this.#out.push(bytes);
  }

  raw(bytes: Buffer, last: boolean): void {
    if (!this.#decoding) this.#piece(bytes, last);
    else if (last) this.#piece(EMPTY, true);
  }

  payload(bytes: Buffer): void {
    this.#collector?.content(bytes);
    if (this.#decoding) this.#piece(bytes, false);
  }

  /** The source's answer is whole. */
  ended(): void {
    if (this.#collector === undefined) this.#owner.handled();
    else this.#collector.ended();
  }

  /** Hands over what was sent since; false when the client wants a pause. */
  flush(): boolean {
    const out = this.#out;
    if (out.length === 0) return !this.#client.clogged;
    this.#out = [];
    if (this.deaf) return true;
    for (const piece of out) this.bytesSent += piece.length;
    return this.#client.send(out);
  }

  handled(): void {
    this.flush();
    this.#owner.handled();
  }

  bug(error: unknown): void {
    this.#owner.bug(error);
  }

  /** Carries the plan no further. */
  stop(): void {
    this.#collector?.stop();
    this.#out = [];
  }

  #piece(bytes: Buffer, last: boolean): void {
    if (this.#collector === undefined) this.sendBody(bytes);
    else this.#collector.piece(bytes, last);
  }
}
