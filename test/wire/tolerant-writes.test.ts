// A socket whose write failed still gives what had come before.

import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import test from 'ava';
import { resetSocket } from '../../src/wire/reset.ts';
import { tolerateFailedWrites } from '../../src/wire/tolerant-writes.ts';

test('what came before a reset is read though a write failed first', async (t) => {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const near = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.teardown(() => {
    near.destroy();
    server.close();
  });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await once(near, 'connect');
  const far = await accepted;
  const failures: string[] = [];
  tolerateFailedWrites(near, () => failures.push('write'));
  far.on('error', () => {});
  near.on('error', () => {});
  const received: Buffer[] = [];
  near.on('data', (chunk: Buffer) => received.push(chunk));
  // All in one turn: the answer and the reset are in the kernel before the next write, and nobody has read yet.
  far.write('403');
  resetSocket(far);
  near.write('more of the body');
  await once(near, 'end');
  t.is(Buffer.concat(received).toString(), '403');
  t.deepEqual(failures, ['write']);
});
