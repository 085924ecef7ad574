// Raw sockets on both sides of a wire: a scripted origin that records every byte, and a client that sends bytes.

import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import type { ExecutionContext } from 'ava';
import type { TlsIdentity, WireOptions } from '../../src/wire/options.ts';
import { WireServer } from '../../src/wire/server.ts';
import type { Fault, Reply } from '../../src/wire/types.ts';

const WAIT_MAX_MS = 20_000;

/** One end of a TCP connection: what came, what can be sent, how it ended. */
export class Peer {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  ended = false;
  /** The code of the error that the connection broke with. */
  broken: string | undefined;
  closed = false;
  /** Told of everything that happens here. */
  onChange: (() => void) | undefined;
  readonly #changed = new Set<() => void>();
  #taken = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#notify();
    });
    socket.on('end', () => {
      // Node takes a reset that comes right behind data for a clean end; an empty write fails after a reset.
      const ended = (error?: NodeJS.ErrnoException | null): void => {
        this.broken ??= error?.code;
        this.ended = true;
        this.#notify();
      };
      if (socket.writableEnded) ended();
      else socket.write('', ended);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.broken = error.code ?? error.message;
      this.#notify();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#notify();
    });
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Waits until what came and was not taken yet holds `end`, and takes up to and with it. */
  async take(end: string): Promise<string> {
    await this.until(() => this.text.includes(end, this.#taken), `"${end}"`);
    const stop = this.text.indexOf(end, this.#taken) + end.length;
    const taken = this.text.slice(this.#taken, stop);
    this.#taken = stop;
    return taken;
  }

  /** Waits until so many bytes came beyond what was taken, and takes them. */
  async takeBytes(count: number): Promise<Buffer> {
    await this.until(() => this.received.length >= this.#taken + count, `${count} bytes`);
    const taken = this.received.subarray(this.#taken, this.#taken + count);
    this.#taken += count;
    return taken;
  }

  /** Drops what was taken, so that a long conversation stays short in memory. */
  forget(): void {
    this.received = Buffer.from(this.received.subarray(this.#taken));
    this.#taken = 0;
  }

  get untaken(): boolean {
    return this.received.length > this.#taken;
  }

  /** Everything that was not taken. */
  get rest(): string {
    return this.text.slice(this.#taken);
  }

  /** Waits for the connection's end; the whole of what came, and whether it ended as it should. */
  async over(): Promise<{ text: string; cut: boolean }> {
    await this.until(() => this.ended || this.closed, 'the end');
    if (this.ended && this.broken === undefined) this.socket.end();
    return { text: this.text, cut: this.broken !== undefined };
  }

  async gone(): Promise<void> {
    await this.until(() => this.closed || this.ended, 'the peer to leave');
  }

  async until(fact: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MAX_MS;
    while (!fact()) {
      if (Date.now() > deadline || (this.closed && what.startsWith('"'))) {
        throw new Error(`waited in vain for ${what}; got ${JSON.stringify(this.text)}`);
      }
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#changed.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #notify(): void {
    const waiting = [...this.#changed];
    this.#changed.clear();
    for (const wake of waiting) wake();
    this.onChange?.();
  }
}

export class Origin {
  readonly port: number;
  readonly peers: Peer[] = [];
  readonly #waiting: ((peer: Peer) => void)[] = [];
  readonly #watching = new Set<() => void>();
  #given = 0;

  constructor(port: number) {
    this.port = port;
  }

  connected(peer: Peer): void {
    this.peers.push(peer);
    peer.onChange = () => {
      for (const look of this.#watching) look();
    };
    const wake = this.#waiting.shift();
    if (wake !== undefined) {
      this.#given += 1;
      wake(peer);
    }
  }

  /** The next connection that nobody asked for yet. */
  async next(): Promise<Peer> {
    const peer = this.peers[this.#given];
    if (peer !== undefined) {
      this.#given += 1;
      return peer;
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no connection came')), WAIT_MAX_MS);
      this.#waiting.push((connected) => {
        clearTimeout(timer);
        resolve(connected);
      });
    });
  }

  /** Connects to it, with nothing between. */
  async reach(t: ExecutionContext): Promise<Peer> {
    const socket = net.connect({
      host: '127.0.0.1',
      port: this.port,
      allowHalfOpen: true,
      noDelay: true,
    });
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return new Peer(socket);
  }

  /** The connection on which something came that was not taken. */
  async busy(): Promise<Peer> {
    const found = (): Peer | undefined => this.peers.findLast((peer) => peer.untaken);
    return (
      found() ??
      new Promise((resolve, reject) => {
        const settle = (): void => {
          this.#watching.delete(look);
          clearTimeout(timer);
        };
        const look = (): void => {
          const peer = found();
          if (peer === undefined) return;
          settle();
          resolve(peer);
        };
        const timer = setTimeout(() => {
          settle();
          reject(new Error('nothing came'));
        }, WAIT_MAX_MS);
        this.#watching.add(look);
      })
    );
  }

  /** All that ever came. */
  get text(): string {
    return this.peers.map((peer) => peer.text).join('');
  }
}

export async function openOrigin(t: ExecutionContext, identity?: TlsIdentity): Promise<Origin> {
  const sockets = new Set<Socket>();
  const connected = (socket: Socket): void => {
    sockets.add(socket);
    origin.connected(new Peer(socket));
  };
  const server =
    identity === undefined
      ? net.createServer({ allowHalfOpen: true, noDelay: true }, connected)
      : tls.createServer({ ...identity, allowHalfOpen: true }, connected);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = new Origin(address.port);
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return origin;
}

export function refuse(fault: Fault): Reply {
  const headers = [{ name: 'X-Fault', value: fault.code }];
  return { status: fault.status, headers, body: Buffer.from(fault.message) };
}

export interface Arranged {
  readonly wire: WireServer;
  readonly port: number;
  readonly errors: Error[];
  readonly connect: () => Promise<Peer>;
}

/** A wire in front of an origin, and a way to connect to it; both are gone after the test, or it fails. */
export async function openWire(
  t: ExecutionContext,
  origin: { port: number },
  options: Partial<WireOptions> = {},
): Promise<Arranged> {
  const errors: Error[] = [];
  const wire = new WireServer({
    listen: { host: '127.0.0.1', port: 0 },
    source: { host: '127.0.0.1', port: origin.port },
    intercept: () => undefined,
    refuse,
    onError: (error) => errors.push(error),
    ...options,
  });
  const { port } = await wire.start();
  const clients = new Set<Socket>();
  t.teardown(async () => {
    for (const client of clients) client.destroy();
    await wire.close(0);
    if (wire.connectionsOpen !== 0) throw new Error('a connection is left');
  });
  const connect = async (): Promise<Peer> => {
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    clients.add(socket);
    socket.once('close', () => clients.delete(socket));
    await once(socket, 'connect');
    return new Peer(socket);
  };
  return { wire, port, errors, connect };
}
