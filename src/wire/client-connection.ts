// One client's connection: reads requests off it, one at a time, and answers them in order.
//
//   head ─▶ exchange ─▶ head … ─▶ lingering ─▶ closed
//
// Lingering: everything was sent, and the socket is kept a moment for the client to read it, because a socket
// closed with unread bytes in it resets the connection and takes the answer along.

import type { Socket } from 'node:net';
import { CR, LF } from './bytes.ts';
import type { ClientSide } from './delivery.ts';
import { type Awaited, Exchange } from './exchange.ts';
import { Breach, fault } from './faults.ts';
import { HeadFinder, parseRequestLine } from './head.ts';
import { renderReply } from './head-edit.ts';
import { Input } from './input.ts';
import type { Deadlines } from './options.ts';
import { writePieces } from './output.ts';
import { readRequest, type WireRequest } from './request.ts';
import { asError, BUG, type Surroundings } from './surroundings.ts';
import type { Fault, Interception, Interceptor, Reply } from './types.ts';

/** What is read and dropped of a client that was already answered. */
const LINGER_BYTES_MAX = 1024 * 1024;

export interface ClientSurroundings extends Surroundings {
  readonly intercept: Interceptor;
  readonly deadlines: Deadlines;
  readonly now: () => number;
  readonly onClosed: (connection: ClientConnection) => void;
}

export class ClientConnection implements ClientSide {
  readonly #socket: Socket;
  readonly #reset: () => void;
  readonly #around: ClientSurroundings;
  readonly #input = new Input();
  readonly #finder = new HeadFinder((line) => parseRequestLine(line, line.length));
  #exchange: Exchange | undefined;
  #state: 'serving' | 'lingering' | 'closed' = 'serving';
  #stopping = false;
  #clientEnded = false;
  #paused = false;
  #pumping = false;
  /** When the wait for a head began. */
  #headSince: number;
  /** No request was ever read here, or a head has begun: the wait is for a head, not idle. */
  #headBegun = true;
  #lingerSince = 0;
  #lingered = 0;
  #movedSince = 0;
  #moved = 0;

  /** `reset` takes the socket down so that the client sees an error. */
  constructor(socket: Socket, reset: () => void, around: ClientSurroundings) {
    this.#socket = socket;
    this.#reset = reset;
    this.#around = around;
    this.#headSince = around.now();
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#exchange?.clientDrained());
    socket.on('end', () => {
      this.#clientEnded = true;
      this.pump();
    });
    socket.on('error', () => {}); // 'close' follows.
    socket.on('close', () => this.#onClose());
  }

  get idle(): boolean {
    return this.#exchange === undefined && this.#input.bytes.length === 0;
  }

  get stopping(): boolean {
    // What a client sent before it ended its side is still answered.
    return this.#stopping || (this.#clientEnded && this.#input.bytes.length === 0);
  }

  get clogged(): boolean {
    return this.#socket.writableNeedDrain && !this.#socket.destroyed;
  }

  send(pieces: readonly Buffer[]): boolean {
    return this.#socket.destroyed || writePieces(this.#socket, pieces);
  }

  endWrites(): void {
    this.#socket.end();
  }

  over(persist: boolean): void {
    this.#exchange = undefined;
    if (persist && !this.stopping) {
      this.#headSince = this.#around.now();
      this.#headBegun = this.#input.bytes.length > 0;
    } else this.#linger();
    this.pump();
  }

  cut(): void {
    this.#state = 'closed';
    this.#reset();
  }

  /** Takes no further request; an idle connection is closed now. */
  stop(): void {
    this.#stopping = true;
    if (this.idle && this.#state === 'serving') this.#linger();
  }

  /** Takes in what has come, as far as somebody wants it. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      let moving = true;
      while (moving) moving = this.#step();
    } finally {
      this.#pumping = false;
    }
    if (this.#clientEnded) this.#onClientEnd();
    this.#flow();
  }

  /** Called every now and then: ends what is overdue. */
  check(): void {
    const now = this.#around.now();
    const { headMs, idleMs, lingerMs, progressMs, heldMs } = this.#around.deadlines;
    if (this.#state === 'lingering') {
      if (this.#socket.writableLength > 0) this.#checkProgress(now, progressMs, 'reader');
      else if (now - this.#lingerSince > lingerMs) this.#socket.destroy();
    } else if (this.#exchange !== undefined) {
      const awaited = this.#exchange.awaits;
      this.#checkProgress(now, awaited === 'room' ? heldMs : progressMs, awaited);
    } else if (now - this.#headSince > (this.#headBegun ? headMs : idleMs)) {
      if (this.idle) this.#linger();
      else this.#refuse(fault('timeout', 'the head did not come in time'));
    }
  }

  #take(chunk: Buffer): void {
    if (this.#state === 'lingering') {
      this.#lingered += chunk.length;
      if (this.#lingered > LINGER_BYTES_MAX) this.#socket.destroy();
      return;
    }
    if (this.idle && !this.#headBegun) {
      this.#headBegun = true;
      this.#headSince = this.#around.now();
    }
    this.#input.push(chunk);
    this.pump();
  }

  /** One step through the input; whether another may follow. */
  #step(): boolean {
    const { bytes } = this.#input;
    if (this.#state !== 'serving' || bytes.length === 0) return false;
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#readHead(bytes);
    if (!exchange.acceptsBody) return false;
    this.#input.skip(exchange.takeBody(bytes));
    return true;
  }

  #readHead(bytes: Buffer): boolean {
    // An empty line before a request is an old clients' habit, and ignored (RFC 9112 section 2.2).
    if (bytes[0] === CR && (bytes.length === 1 || bytes[1] === LF)) {
      if (bytes.length > 1) this.#input.skip(2);
      return bytes.length > 2;
    }
    let request: WireRequest;
    try {
      const length = this.#finder.find(bytes);
      if (length === 0) return false;
      request = readRequest(bytes.subarray(0, length));
      this.#input.skip(length);
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      this.#refuse(fault('malformed', error.message, error.status));
      return false;
    }
    let interception: Interception | undefined;
    try {
      interception = this.#around.intercept(request.head);
    } catch (error) {
      this.#around.onError(asError(error));
      this.#answer(BUG);
      return false;
    }
    this.#exchange = new Exchange(request, this, this.#around, interception);
    this.#exchange.begin();
    return true;
  }

  #refuse(why: Fault): void {
    this.#answer(this.#around.refuse(why, undefined));
  }

  #answer(reply: Reply): void {
    this.send(renderReply(reply, undefined, true));
    this.#linger();
  }

  #linger(): void {
    if (this.#state !== 'serving') return;
    this.#state = 'lingering';
    this.#lingerSince = this.#around.now();
    this.#lingered = this.#input.bytes.length;
    this.#input.clear();
    this.#socket.end();
    this.#flow();
  }

  #onClientEnd(): void {
    if (this.#exchange === undefined) {
      this.#linger();
      return;
    }
    // A request that will never be whole: nothing can be said to it, and the source must see a cut.
    const { bodyEnded, acceptsBody } = this.#exchange;
    const waits = this.#input.bytes.length > 0 && !acceptsBody;
    if (!bodyEnded && !waits) this.cut();
  }

  #onClose(): void {
    this.#state = 'closed';
    this.#input.clear();
    this.#exchange?.clientLeft();
    this.#around.onClosed(this);
  }

  /** Stops reading while nobody takes what comes; otherwise reads, if only to notice that the client leaves. */
  #flow(): void {
    const exchange = this.#exchange;
    const stuck =
      exchange !== undefined &&
      (this.#input.bytes.length > 0 || (!exchange.bodyEnded && !exchange.acceptsBody));
    if (stuck === this.#paused || this.#socket.destroyed) return;
    this.#paused = stuck;
    if (stuck) this.#socket.pause();
    else this.#socket.resume();
  }

  #checkProgress(now: number, limitMs: number, awaited: Awaited): void {
    const { bytesRead, bytesWritten, writableLength } = this.#socket;
    const moved = bytesRead + bytesWritten - writableLength + (this.#exchange?.sourceMoved ?? 0);
    if (awaited === undefined || moved !== this.#moved) {
      this.#moved = moved;
      this.#movedSince = now;
    } else if (now - this.#movedSince > limitMs) {
      this.#movedSince = now;
      if (this.#exchange === undefined) this.#socket.destroy();
      else this.#exchange.overdue(awaited);
    }
  }
}
