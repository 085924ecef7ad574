// The load generator, a process of its own: a fixed number of requests over some connections, one at a time on
// each, raw sockets. Prints one line of JSON: how long it took and how long single requests took.

import type { Socket } from 'node:net';
import { connect } from 'node:net';

interface Load {
  readonly port: number;
  readonly method: 'GET' | 'PUT';
  readonly requests: number;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly prefix: string;
  /** Requests a second over all connections; 0: as fast as they are answered. */
  readonly rate: number;
}

async function run(load: Load): Promise<{ seconds: number; p50Ms: number; p99Ms: number }> {
  const times: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const work = async (): Promise<void> => {
    const client = new RawClient(load.port);
    for (let index = next++; index < load.requests; index = next++) {
      if (load.rate > 0) await until(startedAt + (index * 1000) / load.rate);
      const began = performance.now();
      await client.exchange(requestOf(load, index));
      times.push(performance.now() - began);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: load.connections }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0;
  return { seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function requestOf({ method, bodyBytes, prefix }: Load, index: number): Buffer {
  const line = `${method} /bucket/${prefix}${index} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\nx-amz-date: 20261125T000000Z\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 Credential=load/20261125/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}\r\n`;
  if (method === 'GET') return Buffer.from(`${line}\r\n`);
  return Buffer.concat([
    Buffer.from(`${line}Content-Length: ${bodyBytes}\r\n\r\n`),
    Buffer.alloc(bodyBytes, 'x'),
  ]);
}

class RawClient {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #done: ((error?: Error) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (piece: Buffer) => this.#read(piece));
    this.#socket.on('error', (error) => this.#done?.(error));
    this.#socket.on('close', () => this.#done?.(new Error('connection closed')));
  }

  async exchange(request: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#done = (error) => {
        this.#done = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#pending.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#pending.length < end + 4 + length) return;
    this.#pending = this.#pending.subarray(end + 4 + length);
    const isFine = head.startsWith('HTTP/1.1 2');
    this.#done?.(isFine ? undefined : new Error(head.slice(0, 40)));
  }
}

async function until(at: number): Promise<void> {
  const pause = at - performance.now();
  if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
}

const given: Load = JSON.parse(process.argv[2] ?? '{}');
process.stdout.write(`${JSON.stringify(await run(given))}\n`);
