// The wire's outside: listens, gives each client a connection of ours, and takes everything down again.

import net, { type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import tls, { type SecureContext } from 'node:tls';
import { SidecarError } from '../errors.ts';
import { ClientConnection, type ClientSurroundings } from './client-connection.ts';
import { fault } from './faults.ts';
import { renderReply } from './head-edit.ts';
import { HeldBytes } from './held-bytes.ts';
import { DEADLINES, type Deadlines, type TlsIdentity, type WireOptions } from './options.ts';
import { HIGH_WATER_MARK } from './output.ts';
import { resetSocket } from './reset.ts';
import { SourcePool } from './source-pool.ts';
import { asError, BUG } from './surroundings.ts';
import type { Fault, Reply, RequestHead } from './types.ts';

const CONNECTIONS_MAX = 4096;
const HELD_BYTES_MAX = 64 * 1024 * 1024;
/** Clients over the limit that are told so at the same time; more are just hung up on. */
const TURNED_AWAY_MAX = 256;
const TCP_KEEP_ALIVE_MS = 15_000;

export class WireServer {
  readonly #options: WireOptions;
  readonly #deadlines: Deadlines;
  readonly #connectionsMax: number;
  readonly #pool: SourcePool;
  readonly #around: ClientSurroundings;
  readonly #connections = new Set<ClientConnection>();
  /** Every client socket, those too that were turned away. */
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #secure: SecureContext | undefined;
  #sweep: NodeJS.Timeout | undefined;
  /** Exchanges that are not over, those included whose client has left. */
  #exchanges = 0;
  #stopping = false;
  #cut = false;
  #closed: Promise<void> | undefined;
  #onQuiet: (() => void) | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#deadlines = { ...DEADLINES, ...options.deadlines };
    this.#connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
    if (options.tls !== undefined) this.setTls(options.tls);
    this.#pool = new SourcePool(options.source, this.#deadlines, now);
    this.#around = {
      pool: this.#pool,
      held: new HeldBytes(options.heldBytesMax ?? HELD_BYTES_MAX),
      refuse: (why, head) => this.#refuse(why, head),
      onError: options.onError ?? (() => {}),
      onExchange: (change) => {
        this.#exchanges += change;
        this.#noticeQuiet();
      },
      intercept: options.intercept,
      deadlines: this.#deadlines,
      now,
      onClosed: (connection) => this.#connections.delete(connection),
    };
    const listening = {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      highWaterMark: HIGH_WATER_MARK,
    };
    this.#server = net.createServer(listening, (socket) => this.#accept(socket));
  }

  get connectionsOpen(): number {
    return this.#connections.size;
  }

  async start(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void => {
        const message = `cannot listen on ${host}:${port}`;
        reject(new SidecarError(message, { code: 'listen', retryable: false, cause }));
      };
      this.#server.once('error', failed);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', failed);
        // Later errors are those of single accepts (no descriptors left); the server goes on.
        this.#server.on('error', this.#around.onError);
        resolve();
      });
    });
    this.#sweep = setInterval(() => this.#check(), sweepEvery(this.#deadlines));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('not a TCP address');
    return { host: address.address, port: address.port };
  }

  /** From the next handshake on, clients see this certificate. Throws if the two do not fit. */
  setTls({ cert, key }: TlsIdentity): void {
    this.#secure = tls.createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  }

  /** Accepts no new connection, closes idle ones, and lets each open one end with the answer it is at. */
  drain(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#server.close();
    for (const connection of this.#connections) connection.stop();
  }

  /**
   * Drains, cuts what is still open after `graceMs`, and settles when no socket or timer is left; before the cut
   * only when every interceptor was told the end too. A later call may shorten the grace.
   */
  close(graceMs: number): Promise<void> {
    this.drain();
    this.#closed ??= this.#quiet().finally(() => {
      clearInterval(this.#sweep);
      this.#pool.destroy();
    });
    if (graceMs <= 0) this.#cutAll();
    else {
      const timer = setTimeout(() => this.#cutAll(), graceMs);
      return this.#closed.finally(() => clearTimeout(timer));
    }
    return this.#closed;
  }

  #quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
      this.#noticeQuiet();
    });
  }

  #noticeQuiet(): void {
    if (this.#sockets.size === 0 && (this.#cut || this.#exchanges === 0)) this.#onQuiet?.();
  }

  #refuse(why: Fault, head: RequestHead | undefined): Reply {
    try {
      return this.#options.refuse(why, head);
    } catch (error) {
      this.#around.onError(asError(error));
      return BUG;
    }
  }

  #cutAll(): void {
    this.#cut = true;
    for (const connection of this.#connections) connection.cut();
    for (const socket of this.#sockets) socket.destroy();
    this.#pool.destroy();
    this.#noticeQuiet();
  }

  #check(): void {
    for (const connection of this.#connections) connection.check();
    this.#pool.sweep();
  }

  #accept(raw: Socket): void {
    this.#track(raw);
    if (this.#connections.size >= this.#connectionsMax) {
      this.#turnAway(raw);
      return;
    }
    const socket = this.#secure === undefined ? raw : this.#startTls(raw, this.#secure);
    const reset = (): void => {
      // Once a FIN was asked for, on either layer, the rest is quiet.
      if (socket.writableEnded) raw.destroy();
      else resetSocket(raw);
      socket.destroy();
    };
    this.#connections.add(new ClientConnection(socket, reset, this.#around));
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#noticeQuiet();
    });
  }

  #startTls(raw: Socket, secureContext: SecureContext): Socket {
    const socket = new tls.TLSSocket(raw, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
      allowHalfOpen: true,
    } as tls.TLSSocketOptions);
    this.#track(socket);
    raw.on('error', () => socket.destroy());
    raw.once('close', () => socket.destroy());
    socket.once('close', () => raw.destroy());
    return socket;
  }

  #turnAway(raw: Socket): void {
    raw.on('error', () => {});
    const flooded = this.#sockets.size > this.#connectionsMax + TURNED_AWAY_MAX;
    if (flooded || this.#secure !== undefined) {
      raw.destroy();
      return;
    }
    const reply = this.#refuse(fault('busy', 'too many connections; try again'), undefined);
    // Reads and drops what the client says meanwhile, so that the answer is not reset away.
    const timer = setTimeout(() => raw.destroy(), this.#deadlines.lingerMs);
    raw.once('close', () => clearTimeout(timer));
    raw.once('end', () => raw.destroy());
    raw.resume();
    raw.end(Buffer.concat(renderReply(reply, undefined, true)));
  }
}

function now(): number {
  return performance.now();
}

const SWEEP_MIN_MS = 10;
const SWEEP_MAX_MS = 1000;

function sweepEvery(deadlines: Deadlines): number {
  const shortest = Math.min(...Object.values(deadlines));
  return Math.min(SWEEP_MAX_MS, Math.max(SWEEP_MIN_MS, shortest / 4));
}
