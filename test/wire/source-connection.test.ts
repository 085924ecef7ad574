// One connection to the source, apart from any client.

import { once } from 'node:events';
import net from 'node:net';
import test from 'ava';
import { SourceConnection } from '../../src/wire/source-connection.ts';
import { openOrigin } from './arrangement.ts';

const HEAD = { method: 'GET', target: '/', version: '1.1', headers: [] } as const;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('a connection that was held at the end of one answer delivers the next one', async (t) => {
  const origin = await openOrigin(t);
  const socket = net.connect({ host: '127.0.0.1', port: origin.port, allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  const source = await origin.next();
  const connection = new SourceConnection(socket, () => {});
  const exchange = async (holds: boolean): Promise<string> => {
    let body = '';
    await new Promise<void>((resolve, reject) => {
      const listener = {
        interim: () => {},
        answer: () => {},
        payload: () => {},
        drained: () => {},
        raw: (bytes: Buffer) => {
          body += bytes.toString();
        },
        flush: () => {
          if (holds) connection.hold();
        },
        ended: resolve,
        failed: (_kind: string, message: string) => reject(new Error(message)),
      };
      connection.start(listener, HEAD);
      source.send(ANSWER);
    });
    t.true(connection.reusable);
    connection.rest();
    return body;
  };
  t.is(await exchange(true), 'ok');
  t.is(await exchange(false), 'ok');
});
