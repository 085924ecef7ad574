// One request and its answer, between a client's connection and one to the source.
//
//   request  held ─▶ admitted ─▶ connecting ─▶ sending ─▶ sent
//   answer   none ─▶ (1xx …) ─▶ head ─▶ plan ─▶ relayed or collected ─▶ handled
//
// The two run beside each other: an answer may come before its request is whole. When both are over, or one of
// the parties has left, the exchange is over, and the interceptor is told how, once.

import { Account } from './account.ts';
import { type ClientSide, Delivery, type DeliveryOwner } from './delivery.ts';
import { fault } from './faults.ts';
import type { Survey } from './fields.ts';
import type { ParsedResponse } from './head.ts';
import { editHead } from './head-edit.ts';
import type { WireRequest } from './request.ts';
import type { Answer, SourceConnection, SourceListener } from './source-connection.ts';
import { asError, BUG, type Surroundings } from './surroundings.ts';
import type { AnswerPlan, Fault, HeldBody, Interception, Reply } from './types.ts';
import { Upload } from './upload.ts';

/** Whose move is overdue if nothing moves; undefined while there is no limit to the wait. */
export type Awaited = 'client' | 'reader' | 'source' | 'room' | undefined;

const RELAY: AnswerPlan = { kind: 'relay' };
const NOTHING_HELD: HeldBody = { bytes: Buffer.alloc(0), ended: true };

export class Exchange implements SourceListener, DeliveryOwner {
  readonly #request: WireRequest;
  readonly #client: ClientSide;
  readonly #around: Surroundings;
  readonly #interception: Interception | undefined;
  readonly #delivery: Delivery;
  readonly #account: Account;
  readonly #upload: Upload | undefined;
  #source: SourceConnection | undefined;
  #admitted = false;
  #connecting = false;
  #retried = false;
  /** The head was written to the source, and what follows it may be. */
  #sending = false;
  #bodyBegun = false;
  #continued = false;
  #planPending = false;
  /** A final answer's head came. */
  #headCame = false;
  /** The answer came whole. */
  #sourceDone = false;
  /** The client was given all of the answer. */
  #delivered = false;
  #over = false;

  constructor(
    request: WireRequest,
    client: ClientSide,
    around: Surroundings,
    interception: Interception | undefined,
  ) {
    this.#request = request;
    this.#client = client;
    this.#around = around;
    this.#interception = interception;
    this.#account = new Account(interception);
    this.#account.bytesReceived = request.bytes.length;
    around.onExchange(1);
    this.#delivery = new Delivery(request, client, this);
    if (request.hasBody) this.#upload = new Upload(request, interception?.holdBody, around.held);
  }

  begin(): void {
    const holdBody = this.#interception?.holdBody;
    if (this.#upload?.holding) {
      // The head goes ahead: without the source's 100 the client will not send what is to be held.
      if (this.#request.expectsContinue) this.#connect();
      return;
    }
    this.#admit(holdBody === undefined ? undefined : NOTHING_HELD);
  }

  get bodyEnded(): boolean {
    return this.#upload === undefined || this.#upload.reader.ended;
  }

  get acceptsBody(): boolean {
    const upload = this.#upload;
    if (upload === undefined || upload.reader.ended || this.#over) return false;
    if (upload.holding) return !upload.waitsForRoom;
    return this.#sending && this.#source !== undefined && !this.#source.clogged;
  }

  /** Takes body bytes from the front of `bytes`; returns how many. */
  takeBody(bytes: Buffer): number {
    const upload = this.#upload;
    if (upload === undefined) return 0;
    const taken = upload.reader.read(bytes, upload);
    this.#bodyBegun = true;
    this.#account.bytesReceived += taken;
    if (!upload.holding) this.#source?.write(upload.takePieces());
    if (upload.reader.breach !== undefined) this.fail(fault('malformed', upload.reader.breach));
    else if (upload.holding) this.#judgeHeld(upload);
    else if (upload.reader.ended && this.#delivered) this.#finish();
    return taken;
  }

  clientDrained(): void {
    if (!this.#planPending) this.#source?.release();
  }

  /** The client's connection is gone, or its request will never be whole. */
  clientLeft(): void {
    if (this.#over) return;
    this.#delivery.deaf = true;
    const readOn = this.#interception?.answerMatters === true && this.#sent;
    if (this.#sourceDone && !this.#delivered) return;
    if (readOn && this.#source !== undefined && !this.#sourceDone) this.clientDrained();
    else this.#finish();
  }

  get awaits(): Awaited {
    const upload = this.#upload;
    if (upload?.waitsForRoom) return 'room';
    if (this.#client.clogged) return 'reader';
    if (this.#account.pending > 0 || this.#connecting) return undefined;
    if (this.#source?.clogged) return 'source';
    if (!this.bodyEnded) {
      const waitsToBeTold = this.#request.expectsContinue && !this.#continued && !this.#bodyBegun;
      return waitsToBeTold ? undefined : 'client';
    }
    return this.#headCame && !this.#sourceDone ? 'source' : undefined;
  }

  /** Ends the wait for this party. */
  overdue(awaited: Awaited): void {
    if (awaited === 'room') this.fail(fault('busy', 'too many bytes are held; try again'));
    if (awaited === 'client') this.fail(fault('timeout', 'the body did not come in time'));
    if (awaited === 'source') this.fail(fault('lost', 'the source stopped in the middle'));
    if (awaited === 'reader') this.#client.cut();
  }

  get sourceMoved(): number {
    return this.#source?.moved ?? 0;
  }

  /** Ends the exchange with an answer of ours, or, where the client has begun to get another, with a cut. */
  fail(why: Fault): void {
    if (this.#over) return;
    if (this.#delivered) this.#finish();
    else if (this.#delivery.status === 0) this.#reply(this.#around.refuse(why, this.#request.head));
    else this.#cut();
  }

  // Towards the source

  #admit(held: HeldBody | undefined): void {
    const interception = this.#interception;
    if (interception?.admit === undefined) return this.#proceed();
    const decided = (reply: Reply | undefined): void =>
      reply === undefined ? this.#proceed() : this.#reply(reply);
    this.#wait(async () => interception.admit?.(held), decided);
  }

  #judgeHeld(upload: Upload): void {
    if (!upload.count(() => this.#judgeHeld(upload))) return;
    try {
      if (upload.heldEnough) this.#admit(upload.show());
    } catch (error) {
      this.bug(error);
    }
    this.#client.pump();
  }

  #proceed(): void {
    this.#admitted = true;
    if (this.#source !== undefined) this.#sendBody(this.#source);
    else if (!this.#connecting) this.#connect();
  }

  #connect(): void {
    const idle = this.#retried ? undefined : this.#around.pool.take(!this.#request.repeatable);
    if (idle !== undefined) {
      this.#send(idle);
      return;
    }
    this.#connecting = true;
    const opened = (source: SourceConnection): void => {
      this.#connecting = false;
      if (this.#over) source.destroy();
      else this.#send(source);
    };
    this.#around.pool.open(opened, (error) => {
      this.#connecting = false;
      this.#around.onError(error);
      this.fail(error.fault);
    });
  }

  #send(source: SourceConnection): void {
    this.#source = source;
    source.start(this, this.#request.head);
    if (this.#upload !== undefined) source.joinWrites();
    source.write(editHead(this.#request, this.#request.found.hopByHop));
    if (this.#admitted) this.#sendBody(source);
  }

  #sendBody(source: SourceConnection): void {
    this.#sending = true;
    if (this.#upload === undefined) return;
    source.write(this.#upload.takePieces());
    if (!source.clogged) this.#upload.giveBack();
    this.#client.pump();
  }

  /** The request was handed over whole. */
  get #sent(): boolean {
    return this.#sending && this.bodyEnded;
  }

  drained(): void {
    this.#upload?.giveBack();
    this.#client.pump();
  }

  // From the source

  interim(response: ParsedResponse, found: Survey): void {
    this.#continued = true;
    this.#delivery.interim(response, found);
  }

  answer(answer: Answer): void {
    this.#headCame = true;
    try {
      const plan = this.#interception?.answer?.(answer.response.head) ?? RELAY;
      if (!(plan instanceof Promise)) {
        this.#follow(answer, plan);
        return;
      }
      this.#planPending = true;
      this.#source?.hold();
      this.#wait(
        () => plan,
        (decided) => {
          this.#planPending = false;
          this.#follow(answer, decided);
          this.#source?.release();
        },
      );
    } catch (error) {
      this.bug(error);
    }
  }

  #follow(answer: Answer, plan: AnswerPlan): void {
    if (this.#delivery.start(answer, plan)) this.#source?.wantPayload();
    this.#account.handled = plan.kind === 'relay';
  }

  raw(bytes: Buffer, last: boolean): void {
    this.#delivery.raw(bytes, last);
  }

  payload(bytes: Buffer): void {
    this.#delivery.payload(bytes);
  }

  ended(): void {
    this.#sourceDone = true;
    if (this.#sent) this.#leaveSource();
    if (this.#delivery.collecting) this.#account.pending += 1;
    this.#delivery.ended();
  }

  flush(): void {
    if (!this.#delivery.flush()) this.#source?.hold();
  }

  failed(kind: 'lost' | 'nonsense', message: string): void {
    const source = this.#source;
    this.#leaveSource();
    if (this.#over) return;
    if (this.#sourceDone) {
      if (this.#delivered) this.#finish();
      return;
    }
    const unseen =
      source !== undefined && source.uses > 0 && !source.answerBegun && !this.#continued;
    if (unseen && kind === 'lost' && this.#request.repeatable && !this.#retried) {
      this.#retried = true;
      this.#connect();
      return;
    }
    if (kind === 'nonsense') this.#around.onError(new Error(`the source broke HTTP: ${message}`));
    this.fail(fault(kind, message));
  }

  // The end

  /** The client was handed all of the answer. */
  handled(): void {
    if (this.#delivery.collecting) this.#account.pending -= 1;
    this.#account.handled = true;
    this.#delivered = true;
    const restWanted = this.#sending && (this.#bodyBegun || !this.#request.expectsContinue);
    if (this.bodyEnded || !restWanted || this.#delivery.deaf || !this.#source?.alive) {
      this.#finish();
      return;
    }
    // The source may still want the rest, though it has answered.
    this.#client.endWrites();
    this.#client.pump();
  }

  /** The interceptor threw, rejected, or asked for the impossible. */
  bug(error: unknown): void {
    this.#around.onError(asError(error));
    if (this.#sourceDone && this.#delivery.collecting) this.#account.pending -= 1;
    if (this.#over) this.#tellEnd();
    else if (this.#delivery.status === 0) this.#reply(BUG);
    else this.#cut();
  }

  /** Waits for the interceptor; what it decided is done only if the exchange is not over by then. */
  #wait<Value>(ask: () => Promise<Value>, proceed: (value: Value) => void): void {
    const settled = (value: Value): void => (this.#over ? this.#tellEnd() : proceed(value));
    this.#account.wait(ask, settled, (error) => this.bug(error));
  }

  #reply(reply: Reply): void {
    const mayFollow = reply !== BUG && this.bodyEnded && this.#request.persistent;
    this.#delivery.reply(reply, mayFollow && !this.#client.stopping);
    this.#finish();
  }

  #finish(): void {
    this.#close();
    this.#client.over(this.#delivery.persist && this.bodyEnded);
    this.#tellEnd();
  }

  #cut(): void {
    this.#close();
    this.#client.cut();
    this.#tellEnd();
  }

  #close(): void {
    this.#over = true;
    if (!this.#delivered) this.#delivery.stop();
    this.#leaveSource();
    this.#upload?.giveBack();
  }

  #leaveSource(): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    this.#account.note(source);
    this.#account.sent = this.#sent;
    if (this.#sourceDone && this.#sent) this.#around.pool.give(source);
    else source.destroy();
  }

  #tellEnd(): void {
    const { status, bytesSent } = this.#delivery;
    if (this.#account.tell(status, bytesSent)) this.#around.onExchange(-1);
  }
}
