// One connection to the source: carries one exchange at a time, and reads the answers off it.
//
//   idle ─▶ head (1xx heads pass by) ─▶ body ─▶ idle again, or closed
//
// A failed write does not end it: the source may have answered before it closed, and that answer is still in the
// socket. Writes are then dropped, and reading goes on to the end.

import type { Socket } from 'node:net';
import { type BodyReader, type BodySink, bodyReader } from './body.ts';
import { Breach } from './faults.ts';
import { type Survey, survey } from './fields.ts';
import { type Framing, responseFraming } from './framing.ts';
import { HeadFinder, type ParsedResponse, parseResponse } from './head.ts';
import { Input } from './input.ts';
import { writePieces } from './output.ts';
import { tolerateFailedWrites } from './tolerant-writes.ts';
import type { RequestHead } from './types.ts';

/** A final answer's head, and what follows from it. */
export interface Answer {
  readonly response: ParsedResponse;
  readonly found: Survey;
  readonly framing: Framing;
}

/** The exchange that a connection works for. */
export interface SourceListener extends BodySink {
  interim(response: ParsedResponse, found: Survey): void;
  answer(answer: Answer): void;
  /** The answer is whole. Only `drained` and `failed` may follow, until the connection is given back. */
  ended(): void;
  /** What was delivered since may be sent on. */
  flush(): void;
  /** The source takes more. */
  drained(): void;
  /** The connection is gone, or its answer breaks HTTP. Nothing is called after it. */
  failed(kind: 'lost' | 'nonsense', message: string): void;
}

const EMPTY = Buffer.alloc(0);

export class SourceConnection {
  readonly socket: Socket;
  /** When it became idle, by the clock of its user. */
  idleSince = 0;
  /** When an idle one should be given up, by the same clock. */
  idleUntil = 0;
  /** How many exchanges it has carried before this one. */
  uses = -1;
  /** Whether any byte of the current request was written. */
  written = false;
  /** Whether any byte of the current request's final answer came. */
  answerBegun = false;
  #listener: SourceListener | undefined;
  /** The answer is whole, but its exchange still writes the rest of the request. */
  #answered = false;
  #request: RequestHead | undefined;
  readonly #input = new Input();
  readonly #finder = new HeadFinder((line) => {
    if (!line.startsWith('HTTP/1.')) throw new Breach('bad status line');
  });
  #reader: BodyReader | undefined;
  #answer: Answer | undefined;
  #held = false;
  #paused = false;
  #sourceEnded = false;
  #writeFailed = false;
  #pumping = false;
  readonly #onIdleLoss: (connection: SourceConnection) => void;

  constructor(socket: Socket, onIdleLoss: (connection: SourceConnection) => void) {
    this.socket = socket;
    this.#onIdleLoss = onIdleLoss;
    tolerateFailedWrites(socket, () => {
      this.#writeFailed = true;
    });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#listener?.drained());
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => {}); // 'close' follows and says the same.
    socket.on('close', () => this.#fail('lost', 'the source closed the connection'));
  }

  get alive(): boolean {
    return !this.#sourceEnded && !this.#writeFailed && !this.socket.destroyed;
  }

  /** The source has not taken what it was sent. */
  get clogged(): boolean {
    return this.socket.writableNeedDrain && !this.socket.destroyed;
  }

  /** How many bytes the source took and gave, to see whether anything moves. */
  get moved(): number {
    const { bytesRead, bytesWritten, writableLength } = this.socket;
    return bytesRead + bytesWritten - writableLength;
  }

  /** Whether the answer's last head allows another exchange, and nothing unasked came behind it. */
  get reusable(): boolean {
    const answer = this.#answer;
    return (
      this.alive &&
      this.#input.bytes.length === 0 &&
      answer !== undefined &&
      answer.framing.kind !== 'close' &&
      answer.response.head.version === '1.1' &&
      this.#request?.version === '1.1' &&
      !answer.found.close
    );
  }

  get keepAliveSeconds(): number | undefined {
    return this.#answer?.found.keepAliveSeconds;
  }

  start(listener: SourceListener, request: RequestHead): void {
    this.#listener = listener;
    this.#request = request;
    this.#reader = undefined;
    this.#answer = undefined;
    this.#answered = false;
    this.written = false;
    this.answerBegun = false;
    this.uses += 1;
  }

  /** Lets what is written from now to the end of this turn leave in one packet: a head and what of its body is here. */
  joinWrites(): void {
    this.socket.cork();
    process.nextTick(uncork, this.socket);
  }

  /** Writes pieces of the request. */
  write(pieces: readonly Buffer[]): void {
    if (this.#writeFailed || this.socket.destroyed || pieces.length === 0) return;
    this.written = true;
    writePieces(this.socket, pieces);
  }

  /** The content of the answer is wanted too. Call it before any of its body is delivered. */
  wantPayload(): void {
    if (this.#reader !== undefined) this.#reader.payloadWanted = true;
  }

  /** Stops delivering until `release`. */
  hold(): void {
    this.#held = true;
    this.#flow();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#pump();
    if (this.#sourceEnded) this.#onEnd();
  }

  /** Ends the exchange; the connection waits for the next one. */
  rest(): void {
    this.#listener = undefined;
    // The last piece may have filled its client's socket; that is of no concern to the next one.
    this.#held = false;
    this.#flow();
  }

  /** Takes the connection down; its exchange hears no more of it. */
  destroy(): void {
    this.#listener = undefined;
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#listener === undefined || this.#answered) {
      // Bytes that nobody asked for: whatever follows could be taken for the answer to the next request.
      this.#fail('nonsense', 'the source sent more than its answer');
      return;
    }
    this.#input.push(chunk);
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      let moving = true;
      while (moving && !this.#held && !this.#answered && this.#listener !== undefined) {
        moving =
          this.#reader === undefined
            ? this.#readHead(this.#listener)
            : this.#readBody(this.#listener, this.#reader);
      }
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      this.#fail('nonsense', error.message);
    } finally {
      this.#pumping = false;
    }
    this.#listener?.flush();
    this.#flow();
  }

  #readHead(listener: SourceListener): boolean {
    const { bytes } = this.#input;
    if (bytes.length === 0) return false;
    const length = this.#finder.find(bytes);
    if (length === 0) {
      this.answerBegun = true;
      return false;
    }
    const response = parseResponse(bytes.subarray(0, length));
    const found = survey(response.head.headers);
    const framing = responseFraming(response, found, this.#request?.method ?? '');
    this.#input.skip(length);
    if (response.head.status === 101) throw new Breach('an answer of 101 that nobody asked for');
    if (response.head.status < 200) {
      this.answerBegun = false;
      listener.interim(response, found);
      return true;
    }
    this.answerBegun = true;
    this.#reader = bodyReader(framing);
    this.#answer = { response, found, framing };
    listener.answer(this.#answer);
    return true;
  }

  #readBody(listener: SourceListener, reader: BodyReader): boolean {
    if (!reader.ended) {
      const { bytes } = this.#input;
      if (bytes.length === 0) return false;
      this.#input.skip(reader.read(bytes, listener));
      if (reader.breach !== undefined) throw new Breach(reader.breach);
      if (!reader.ended) return true;
    }
    listener.flush();
    this.#answered = true;
    listener.ended();
    return false;
  }

  #flow(): void {
    const pause = this.#held;
    if (pause === this.#paused || this.socket.destroyed) return;
    this.#paused = pause;
    if (pause) this.socket.pause();
    else this.socket.resume();
  }

  #onEnd(): void {
    this.#sourceEnded = true;
    if (this.#held) return;
    if (this.#answered || this.#answer?.framing.kind !== 'close') {
      this.#fail('lost', 'the source closed the connection');
      return;
    }
    // Node reports a reset that came together with data as a clean end. Writing nothing at all asks the kernel:
    // it fails on a connection that was reset, and sends no byte on one that was not.
    this.socket.write(EMPTY, () => {
      if (this.#listener === undefined || this.#answered) return;
      if (this.#writeFailed) {
        this.#fail('lost', 'the source cut the connection');
        return;
      }
      this.#answered = true;
      this.#listener.ended();
    });
  }

  #fail(kind: 'lost' | 'nonsense', message: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.socket.destroy();
    if (listener === undefined) {
      this.#onIdleLoss(this);
      return;
    }
    listener.flush();
    listener.failed(kind, message);
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}
