// The connections to the source: kept alive, the last used one first, one exchange on each.

import net, { type Socket } from 'node:net';
import { fault } from './faults.ts';
import type { Deadlines, SourceAddress } from './options.ts';
import { HIGH_WATER_MARK } from './output.ts';
import { SourceConnection } from './source-connection.ts';
import { openTls } from './source-tls.ts';
import type { Fault } from './types.ts';

const IDLE_MAX = 512;
const TCP_KEEP_ALIVE_MS = 15_000;
/** A source closes its side at its hint's time; we had better be earlier. */
const HINT_MARGIN_MS = 1_000;

export class ConnectError extends Error {
  readonly fault: Fault;

  constructor(why: Fault, cause: unknown) {
    super(why.message, { cause });
    this.name = 'ConnectError';
    this.fault = why;
  }
}

export class SourcePool {
  readonly #address: SourceAddress;
  readonly #deadlines: Deadlines;
  readonly #now: () => number;
  readonly #idle: SourceConnection[] = [];
  readonly #sockets = new Set<Socket>();
  #session: Buffer | undefined;
  #closed = false;

  constructor(address: SourceAddress, deadlines: Deadlines, now: () => number) {
    this.#address = address;
    this.#deadlines = deadlines;
    this.#now = now;
  }

  /** An idle connection, if there is one; a trusted one was in use a moment ago. */
  take(trusted: boolean): SourceConnection | undefined {
    const now = this.#now();
    for (let last = this.#idle.at(-1); last !== undefined; last = this.#idle.at(-1)) {
      if (trusted && now - last.idleSince > this.#deadlines.sourceTrustMs) return undefined;
      this.#idle.pop();
      if (last.alive && now < last.idleUntil) return last;
      last.destroy();
    }
    return undefined;
  }

  /** Gives a connection back after its answer came whole. */
  give(connection: SourceConnection): void {
    if (this.#closed || !connection.reusable || this.#idle.length >= IDLE_MAX) {
      connection.destroy();
      return;
    }
    connection.rest();
    const hint = connection.keepAliveSeconds;
    const keepMs = hint === undefined ? Number.POSITIVE_INFINITY : hint * 1000 - HINT_MARGIN_MS;
    connection.idleSince = this.#now();
    connection.idleUntil = connection.idleSince + Math.min(keepMs, this.#deadlines.sourceIdleMs);
    this.#idle.push(connection);
  }

  /** Opens a new connection, and calls one of the two, once. */
  open(opened: (source: SourceConnection) => void, failed: (error: ConnectError) => void): void {
    const socket = this.#connect();
    let settled = false;
    const fail = (why: Fault, cause?: unknown): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.destroy();
      failed(new ConnectError(why, cause));
    };
    const timer = setTimeout(
      () => fail(fault('connect-timeout', 'no connection to the source in time')),
      this.#deadlines.connectMs,
    );
    this.#sockets.add(socket);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      fail(fault('unreachable', `the source cannot be reached (${error.code ?? 'error'})`), error);
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      fail(fault('unreachable', 'the source hung up at once'));
    });
    socket.once(this.#address.tls === undefined ? 'connect' : 'secureConnect', () => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      opened(new SourceConnection(socket, (lost) => this.#drop(lost)));
    });
  }

  /** Gives up connections that were idle for too long. */
  sweep(): void {
    const now = this.#now();
    for (const connection of this.#idle.filter(({ idleUntil }) => idleUntil <= now)) {
      this.#drop(connection);
      connection.destroy();
    }
  }

  /** Takes down what is idle, and whatever comes back from now on. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Takes down every connection. */
  destroy(): void {
    this.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(): Socket {
    const { host, port, tls: secure } = this.#address;
    const common = {
      host,
      port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      highWaterMark: HIGH_WATER_MARK,
    };
    const raw = net.connect(common);
    if (secure === undefined) return raw;
    const socket = openTls(raw, secure, this.#session);
    socket.on('session', (session) => {
      this.#session = session;
    });
    return socket;
  }

  #drop(connection: SourceConnection): void {
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }
}
