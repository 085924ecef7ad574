// However the network cuts a message into pieces, what is read of it is the same.

import test from 'ava';
import * as fc from 'fast-check';
import { type BodyReader, bodyReader } from '../../src/wire/body.ts';
import { HeadFinder } from '../../src/wire/head.ts';
import { Input } from '../../src/wire/input.ts';

interface Read {
  readonly raw: string;
  readonly payload: string;
  readonly ended: boolean;
  readonly breach: string | undefined;
  readonly rest: string;
}

function readInPieces(reader: BodyReader, text: string, sizes: readonly number[]): Read {
  let raw = '';
  let payload = '';
  const sink = {
    raw: (bytes: Buffer) => {
      raw += bytes.toString('latin1');
    },
    payload: (bytes: Buffer) => {
      payload += bytes.toString('latin1');
    },
  };
  reader.payloadWanted = true;
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(at, at + size);
    if (reader.ended || reader.breach !== undefined || piece.length === 0) break;
    at += reader.read(piece, sink);
  }
  return { raw, payload, ended: reader.ended, breach: reader.breach, rest: text.slice(at) };
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 });
const chunk = fc.record({
  data: fc.string({ minLength: 1, maxLength: 60, unit: 'binary-ascii' }),
  extension: fc.constantFrom('', ';a', ';a=b;c="d e"'),
  zeros: fc.constantFrom('', '0', '000'),
});
const trailers = fc.array(fc.constantFrom('X-A: 1\r\n', 'x-b:\r\n', 'X-C:  \xe9 \r\n'), {
  maxLength: 4,
});

test('a chunked body in any pieces passes unchanged and decodes to its data', (t) => {
  const body = fc.tuple(fc.array(chunk, { maxLength: 8 }), trailers);
  fc.assert(
    fc.property(body, sizes, ([chunks, lines], cuts) => {
      const framed = chunks.map(({ data, extension, zeros }) => {
        return `${zeros}${data.length.toString(16)}${extension}\r\n${data}\r\n`;
      });
      const text = `${framed.join('')}0\r\n${lines.join('')}\r\n`;
      const read = readInPieces(bodyReader({ kind: 'chunked' }), `${text}GET /next`, cuts);
      t.is(read.raw, text);
      t.is(read.payload, chunks.map(({ data }) => data).join(''));
      t.true(read.ended);
      t.is(read.breach, undefined);
      t.true(`${text}GET /next`.endsWith(read.rest));
    }),
    { numRuns: 400 },
  );
});

test('a damaged chunked body is judged the same in one piece and in many', (t) => {
  const damage = fc.record({
    at: fc.nat({ max: 60 }),
    byte: fc.constantFrom('\r', '\n', '\0', ' ', '+', 'g', ';', 'f', '0', ''),
    gone: fc.nat({ max: 2 }),
  });
  const whole = '5;x=y\r\nhello\r\n00a\r\n0123456789\r\n0\r\nX: 1\r\nY: 2\r\n\r\n';
  fc.assert(
    fc.property(damage, sizes, ({ at, byte, gone }, cuts) => {
      const text = whole.slice(0, at) + byte + whole.slice(at + gone);
      const one = readInPieces(bodyReader({ kind: 'chunked' }), text, []);
      const many = readInPieces(bodyReader({ kind: 'chunked' }), text, cuts);
      t.is(many.raw, one.raw);
      t.is(many.ended, one.ended);
      t.is(many.breach === undefined, one.breach === undefined);
    }),
    { numRuns: 1000 },
  );
});

test('a head in any pieces ends where it ends, and the input keeps every byte', (t) => {
  const head = 'GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n';
  fc.assert(
    fc.property(sizes, (cuts) => {
      const input = new Input();
      const finder = new HeadFinder(() => {});
      const bytes = Buffer.from(`${head}body`, 'latin1');
      let at = 0;
      for (const size of [...cuts, bytes.length]) {
        if (at >= bytes.length) break;
        input.push(bytes.subarray(at, at + size));
        at = Math.min(bytes.length, at + size);
        t.is(input.bytes.toString('latin1'), bytes.toString('latin1', 0, at));
        const length = finder.find(input.bytes);
        t.is(length, at >= head.length ? head.length : 0);
        if (length > 0) break;
      }
    }),
    { numRuns: 300 },
  );
});
