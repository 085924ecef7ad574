import test from 'ava';
import * as fc from 'fast-check';
import { decodeRecord, encodeRecord, hashOf } from '../../src/journal/record.ts';

test('a record reads back as it was written', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (key, payload) => {
      t.is(decodeRecord(key, encodeRecord(key, payload)), payload);
    }),
  );
});

test('no flipped bit goes unnoticed', (t) => {
  const frame = encodeRecord('t--1', '["a payload",1,2,3]');
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const flipped = Buffer.from(frame);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    t.is(decodeRecord('t--1', flipped), undefined);
  }
});

test('a record that was cut, lengthened or put under another key is not sound', (t) => {
  const frame = encodeRecord('t--1', 'payload');
  t.is(decodeRecord('t--2', frame), undefined);
  t.is(decodeRecord('t--1', frame.subarray(0, -1)), undefined);
  t.is(decodeRecord('t--1', Buffer.concat([frame, Buffer.of(0)])), undefined);
  t.is(decodeRecord('t--1', Buffer.alloc(0)), undefined);
});

test('records that differ only in their key differ in their hash', (t) => {
  t.not(hashOf(encodeRecord('r--l1', '')), hashOf(encodeRecord('r--l2', '')));
});

test('a key longer than any before it is summed as a whole', (t) => {
  const key = `l--${'日'.repeat(5000)}`;
  const frame = encodeRecord(key, 'x');
  t.is(decodeRecord(key, frame), 'x');
  t.is(decodeRecord(`${key}!`, frame), undefined);
});
