// The admin listener: health, metrics, the JSON API and the dashboard, on a port of its own.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Access } from './access.ts';
import { type Answer, failed, json, refusal } from './answer.ts';
import { readBody } from './body.ts';
import type { Metrics } from './metrics.ts';
import { findRoute } from './routes.ts';
import type { AdminSource } from './types.ts';

export interface AdminServerParts {
  readonly source: AdminSource;
  readonly metrics: Metrics;
  readonly token?: string;
  /** Told what answered 500: nobody but the log sees the cause. */
  readonly onError: (error: unknown, route: string) => void;
}

const closeGraceMs = 2000;

/** For a client that left in the middle of its request: nobody reads it. */
const gone = refusal(400, 'gone', 'the client has left');

export class AdminServer {
  readonly #parts: AdminServerParts;
  readonly #access: Access;
  readonly #server: Server;
  #closing: Promise<void> | undefined;

  constructor(parts: AdminServerParts) {
    this.#parts = parts;
    this.#access = new Access(parts.token);
    this.#server = createServer(
      {
        headersTimeout: 10_000,
        requestTimeout: 15_000,
        keepAliveTimeout: 5000,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: 16_384,
      },
      (request, response) => void this.#respond(request, response),
    );
    this.#server.maxConnections = 256;
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
  }

  /** Resolves with the address in use, which matters for port 0. */
  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#parts.onError(error, 'listener'));
    const address = this.#server.address();
    // It is a text for UNIX sockets and null when closed, and `listen` with a host and a port made it neither.
    assert(address !== null && typeof address === 'object');
    return { host: address.address, port: address.port };
  }

  /** Lets answers that are under way finish for a moment, then ends every connection. */
  async close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), closeGraceMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
    await this.#closing;
  }

  /** Never rejects: what goes wrong is an answer, or a connection that is gone. */
  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request);
    if (response.destroyed) return;
    const unread = !request.complete;
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': Buffer.byteLength(answer.body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(unread || this.#closing !== undefined ? { connection: 'close' } : {}),
      ...answer.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const [path, query] = splitTarget(request.url ?? '/');
    const found = findRoute(request.method ?? '', path);
    if ('refusal' in found) return found.refusal;
    const { route } = found;
    if (route.guarded) {
      const refused = this.#access.refuse(request.headers);
      if (refused !== undefined) return refused;
    }
    try {
      const body = route.takesBody ? await readBody(request) : undefined;
      return await route.answer({ ...this.#parts, query: new URLSearchParams(query), body });
    } catch (error) {
      const known = failed(error);
      if (known !== undefined || request.socket.destroyed) return known ?? gone;
      this.#parts.onError(error, path);
      return json(500, {
        error: 'internal',
        message: 'this failed; the log of the sidecar says why',
      });
    }
  }
}

function splitTarget(target: string): readonly [path: string, query: string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}
