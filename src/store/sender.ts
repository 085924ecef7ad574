// Writes an answer to the connection: S3's common header lines, the framing, and the ways in which a scripted fault
// spoils it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { declaration } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { httpDate } from './answer.ts';
import { Content } from './content.ts';
import type { StoreState } from './model.ts';

interface Connection {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly isContinueWanted: boolean;
}

export interface Truncation {
  readonly bytes: number;
  readonly framing: 'length' | 'close';
}

export class Sender {
  readonly #state: StoreState;
  readonly #connection: Connection;
  readonly #requestId: string;

  constructor(state: StoreState, connection: Connection, requestId: string) {
    this.#state = state;
    this.#connection = connection;
    this.#requestId = requestId;
    connection.outgoing.sendDate = false;
  }

  send(answer: Answer, truncation?: Truncation): void {
    const { incoming, outgoing } = this.#connection;
    const lines = this.#lines(answer);
    const body = contentOf(answer);
    const hasBody = incoming.method !== 'HEAD' && answer.status !== 204 && answer.status !== 304;
    if (truncation !== undefined && hasBody) {
      this.#sendTruncated(answer.status, lines, body, truncation);
      return;
    }
    // An error's XML is nothing that a HEAD describes.
    const isHeadError = incoming.method === 'HEAD' && answer.status >= 400;
    const length = isHeadError ? 0 : body.size;
    if (answer.status !== 204 && answer.status !== 304)
      lines.push('Content-Length', String(length));
    outgoing.writeHead(answer.status, lines);
    if (hasBody) writeAll(outgoing, body);
    outgoing.end();
  }

  /** The head of a 200 and the XML declaration, then a blank now and then until the promise settles. */
  async sendEarly(everyMs: number, until: Promise<unknown>): Promise<void> {
    const { outgoing } = this.#connection;
    outgoing.writeHead(
      200,
      this.#lines({ status: 200, headers: [['Content-Type', 'application/xml']] }),
    );
    outgoing.write(`${declaration} `);
    const timer = setInterval(() => outgoing.write(' '), everyMs);
    try {
      await until;
    } finally {
      clearInterval(timer);
    }
  }

  finishEarly(answer: Answer): void {
    const text = typeof answer.body === 'string' ? answer.body : '';
    this.#connection.outgoing.end(
      text.startsWith(declaration) ? text.slice(declaration.length) : text,
    );
  }

  #sendTruncated(status: number, lines: string[], body: Content, truncation: Truncation): void {
    const { outgoing } = this.#connection;
    const bytes = body.slice(0, Math.min(truncation.bytes, body.size)).bytes();
    if (truncation.framing === 'close') {
      // Without length and chunks the end of the connection is the end of the body.
      outgoing.removeHeader('transfer-encoding');
      outgoing.shouldKeepAlive = false;
      outgoing.writeHead(status, lines);
      outgoing.end(bytes);
      return;
    }
    outgoing.writeHead(status, [...lines, 'Content-Length', String(body.size)]);
    outgoing.write(bytes, () => outgoing.destroy());
  }

  #lines(answer: Answer): string[] {
    const { incoming, isContinueWanted, outgoing } = this.#connection;
    const lines = [
      'x-amz-request-id',
      this.#requestId,
      'Date',
      httpDate(this.#state.now()),
      'Server',
      this.#state.manner === 'minio' ? 'MinIO' : 'AmazonS3',
    ];
    for (const [name, value] of answer.headers) lines.push(name, value);
    // A client that was refused its 100 may send the body or not: only a new connection is beyond doubt.
    if (isContinueWanted && !incoming.complete && incoming.readableFlowing !== true) {
      outgoing.shouldKeepAlive = false;
      lines.push('Connection', 'close');
    }
    return lines;
  }
}

function contentOf({ body }: Answer): Content {
  if (body === undefined) return new Content([]);
  return typeof body === 'string' ? new Content([Buffer.from(body)]) : body;
}

function writeAll(outgoing: ServerResponse, body: Content): void {
  for (const piece of body.pieces) outgoing.write(piece);
}
