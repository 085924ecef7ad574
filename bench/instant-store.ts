// A store that answers at once and checks nothing: the far end of every benchmark, so that what is measured is what
// stands before it. Raw sockets; one object of a given size under every key. As a program it prints its port.

import { createHash } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';

export interface InstantStore {
  readonly port: number;
  close(): Promise<void>;
}

export interface InstantStoreOptions {
  readonly bodyBytes: number;
  /** Called when a PUT of a key was received whole. */
  readonly onPut?: (target: string) => void;
}

const headEnd = Buffer.from('\r\n\r\n');

export async function startInstantStore(options: InstantStoreOptions): Promise<InstantStore> {
  const body = Buffer.alloc(options.bodyBytes, 'x');
  const etag = createHash('md5').update(body).digest('hex');
  const get = Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\nETag: "${etag}"\r\nContent-Type: text/plain\r\nLast-Modified: Wed, 25 Nov 2026 00:00:00 GMT\r\nContent-Length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);
  const put = Buffer.from(`HTTP/1.1 200 OK\r\nETag: "${etag}"\r\nContent-Length: 0\r\n\r\n`);
  const versioning = '<VersioningConfiguration/>';
  const off = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${versioning.length}\r\n\r\n${versioning}`,
  );
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, ({ method, target }) => {
      if (method === 'PUT') options.onPut?.(target);
      if (method === 'GET') return target.endsWith('?versioning') ? off : get;
      return put;
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: portOf(server), close: async () => await closeAll(server, sockets) };
}

interface Request {
  readonly method: string;
  readonly target: string;
}

function serve(socket: Socket, answer: (request: Request) => Buffer): void {
  let pending: Buffer = Buffer.alloc(0);
  let skip = 0;
  let current: Request | undefined;
  socket.on('data', (piece: Buffer) => {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    for (;;) {
      if (current !== undefined) {
        const taken = Math.min(skip, pending.length);
        skip -= taken;
        pending = pending.subarray(taken);
        if (skip > 0) return;
        socket.write(answer(current));
        current = undefined;
      }
      const end = pending.indexOf(headEnd);
      if (end === -1) return;
      const head = pending.toString('latin1', 0, end);
      pending = pending.subarray(end + headEnd.length);
      const [method = '', target = ''] = head.slice(0, head.indexOf('\r\n')).split(' ');
      skip = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      current = { method, target };
    }
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
