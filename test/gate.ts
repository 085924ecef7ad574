// A TCP relay between the sidecar and a store, whose way can be closed: connections are then refused, and the open
// ones are cut or left hanging.

import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import { unassignedPort } from './arrange.ts';

export class Gate {
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  /** Connections accepted so far. */
  accepted = 0;
  /** Bytes that came for the store so far. */
  received = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Accepts connections (again), always at the same port. */
  async open(): Promise<void> {
    while (this.#server === undefined) {
      const port = this.#port === 0 ? unassignedPort() : this.#port;
      this.#server = await this.#listen(port).catch((error: unknown) => {
        if (this.#port !== 0) throw error;
        return undefined;
      });
      if (this.#server !== undefined) this.#port = port;
    }
  }

  async #listen(port: number): Promise<Server> {
    const server = createServer((socket) => this.#relay(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return server;
  }

  /** Refuses new connections and cuts the open ones. */
  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  #relay(socket: Socket): void {
    this.accepted += 1;
    const upstream = connect(this.#targetPort, '127.0.0.1');
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    socket.on('data', (piece) => {
      this.received += piece.length;
    });
    socket.pipe(upstream);
    upstream.pipe(socket);
  }
}

export async function openGate(t: ExecutionContext, targetUrl: string): Promise<Gate> {
  const gate = new Gate(Number(new URL(targetUrl).port));
  await gate.open();
  t.teardown(() => gate.shut());
  return gate;
}
