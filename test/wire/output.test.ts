import test from 'ava';
import { oneStretch } from '../../src/wire/output.ts';

const memory = Buffer.from('head, body and more');

test('pieces that lie side by side become one in the same memory', (t) => {
  const stretch = oneStretch([
    memory.subarray(0, 4),
    memory.subarray(4, 6),
    memory.subarray(6, 10),
  ]);
  t.is(stretch?.toString(), 'head, body');
  t.is(stretch?.buffer, memory.buffer);
  t.is(stretch?.byteOffset, memory.byteOffset);
});

test('pieces with a gap, in another order or from other memory stay apart', (t) => {
  t.is(oneStretch([memory.subarray(0, 4), memory.subarray(6, 10)]), undefined);
  t.is(oneStretch([memory.subarray(4, 10), memory.subarray(0, 4)]), undefined);
  // At the very place where the first piece ends, but in memory of its own.
  const other = Buffer.from(new ArrayBuffer(64 * 1024), memory.byteOffset + 4, 6);
  t.is(oneStretch([memory.subarray(0, 4), other]), undefined);
});
