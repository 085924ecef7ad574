import { connect } from 'node:net';
import test from 'ava';
import type { Intent } from '../../src/journal/types.ts';
import { eventually, openClient } from '../arrange.ts';
import { openOrigin, openTestJournal, openWire } from './arrangement.ts';

const long = `<Delete>${' '.repeat(9 * 1024 * 1024)}<Object><Key>k</Key></Object></Delete>`;
const requests: readonly [what: string, line: string, body: string][] = [
  ['a DeleteObjects body that is no XML', 'POST /bucket?delete', 'anything but XML'],
  ['a DeleteObjects body too long to be held', 'POST /bucket?delete', long],
  ['a key that is not UTF-8', 'PUT /bucket/%FF%FE', 'body'],
];

for (const [what, line, body] of requests) {
  test(`${what}, accepted by the source all the same, marks the bucket as a whole`, async (t) => {
    const origin = await openOrigin(t, body.slice(-10));
    const journal = await openTestJournal(t);
    const marked: Intent[] = [];
    const source = openClient(t, `http://127.0.0.1:${origin.port}`);
    const wire = openWire(t, { journal, sourcePort: origin.port, source, marked });
    const { port } = await wire.start();
    const client = connect(port, '127.0.0.1');
    t.teardown(() => client.destroy());
    let answer = '';
    client.on('data', (piece) => {
      answer += piece.toString('latin1');
    });
    client.write(`${line} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await eventually('the answer', () => answer.startsWith('HTTP/1.1 200'));
    await eventually('the mark', () => marked.length === 1);
    t.is(marked[0]?.bucket, 'bucket');
    await eventually('the intent has ended', () => journal.intentsOpen() === 0);
  });
}
