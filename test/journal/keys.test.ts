import test from 'ava';
import * as fc from 'fast-check';
import {
  bucketAt,
  dueAtOf,
  laneKey,
  markKey,
  numberMax,
  numberOf,
  restKey,
  sequenceAt,
  sortable,
  statusesOf,
  statusKey,
  targetAt,
  taskKey,
  versionIdAt,
} from '../../src/journal/keys.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
/** Well-formed strings, rich in the characters that the escape is about. */
const component = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\0', '\u0001', '\u0002', 'a', '\u{10ffff}', '\u{ffff}') }),
);

test('status keys are ordered as bucket, key and version are by their bytes', (t) => {
  const name = fc.tuple(component, component, component);
  fc.assert(
    fc.property(name, name, (one, other) => {
      const keys = [bytes(statusKey(...one)), bytes(statusKey(...other))] as const;
      const differing = one.findIndex((part, index) => part !== other[index]);
      const parts = [bytes(one[differing] ?? ''), bytes(other[differing] ?? '')] as const;
      return Math.sign(keys[0].compare(keys[1])) === Math.sign(parts[0].compare(parts[1]));
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a key that another begins with has its statuses to itself', (t) => {
  fc.assert(
    fc.property(component, component, component, component, (bucket, key, more, version) => {
      fc.pre(more !== '');
      const prefix = statusesOf(bucket, key);
      return (
        !statusKey(bucket, key + more, version).startsWith(prefix) &&
        versionIdAt(statusKey(bucket, key, version), prefix) === version
      );
    }),
  );
  t.pass();
});

test('the bucket can be read from the keys of lanes, statuses and marks', (t) => {
  fc.assert(
    fc.property(component, component, (bucket, key) => {
      fc.pre(bucket !== '');
      return (
        bucketAt(laneKey(7, bucket, key)) === bucket &&
        bucketAt(statusKey(bucket, key, 'v')) === bucket &&
        bucketAt(markKey(7, bucket)) === bucket
      );
    }),
  );
  t.pass();
});

test('numbers in keys are ordered by their value and read back', (t) => {
  const number = fc.integer({ min: 0, max: numberMax });
  fc.assert(
    fc.property(number, number, (one, other) => {
      t.is(numberOf(sortable(one)), one);
      return bytes(sortable(one)).compare(bytes(sortable(other))) === Math.sign(one - other);
    }),
  );
  t.is(targetAt(taskKey(4095, 9)), 4095);
  t.is(sequenceAt(restKey(1, 1_732_500_000_000, 77)), 77);
  t.is(dueAtOf(restKey(1, 1_732_500_000_000, 77)), 1_732_500_000_000);
});
