import { connect } from 'node:net';
import test from 'ava';
import { eventually, openClient } from '../arrange.ts';
import { Gate, openOrigin, openTestJournal, openWire, stalled } from './arrangement.ts';

const chunk = `5;chunk-signature=${'a'.repeat(64)}\r\nhello\r\n0;chunk-signature=${'b'.repeat(64)}\r\n\r\n`;
const trailer = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n';
const framings: readonly [name: string, request: string, end: string][] = [
  [
    'a body with a length',
    'PUT /bucket/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
    'hello',
  ],
  [
    'a chunked body',
    'PUT /bucket/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    '0\r\n\r\n',
  ],
  [
    'a signed aws-chunked body',
    `PUT /bucket/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 5\r\nContent-Length: ${chunk.length}\r\n\r\n${chunk}`,
    chunk,
  ],
  [
    'an unsigned aws-chunked body with a trailer',
    `PUT /bucket/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 5\r\nx-amz-trailer: x-amz-checksum-crc32c\r\nContent-Length: ${trailer.length}\r\n\r\n${trailer}`,
    trailer,
  ],
  [
    'a body of no bytes',
    'PUT /bucket/k HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n',
    '\r\n\r\n',
  ],
  ['a request without a body', 'DELETE /bucket/k HTTP/1.1\r\nHost: h\r\n\r\n', '\r\n\r\n'],
];

for (const [name, request, end] of framings) {
  test(`no byte of ${name} is at the source before its intent is on disk`, async (t) => {
    const origin = await openOrigin(t, end);
    const journal = await openTestJournal(t);
    const gate = new Gate();
    let stalls = 0;
    const wire = openWire(t, {
      journal: stalled(journal, gate.opened, () => {
        stalls += 1;
      }),
      sourcePort: origin.port,
      source: openClient(t, `http://127.0.0.1:${origin.port}`),
    });
    const { port } = await wire.start();
    const client = connect(port, '127.0.0.1');
    t.teardown(() => client.destroy());
    let answer = '';
    client.on('data', (piece) => {
      answer += piece.toString('latin1');
    });
    client.write(Buffer.from(request, 'latin1'));
    await eventually('the commit stands still', () => stalls === 1);
    // What were to come wrongly would come now: one full round through the event loops of all parties.
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.is(origin.received(), '');
    gate.open();
    await eventually('the answer', () => answer.includes('\r\n\r\n'));
    t.is(origin.received(), request);
    t.regex(answer, /^HTTP\/1\.1 200 /);
    await eventually('the intent is settled', () => journal.intentsOpen() === 0);
  });
}
