// The order of keys, against plain byte comparison, through additions and removals.

import test from 'ava';
import { array, assert, constantFrom, property, string, tuple } from 'fast-check';
import { Content } from '../../src/store/content.ts';
import { compareUtf8, Keyspace } from '../../src/store/keyspace.ts';
import type { Manner, ObjectVersion } from '../../src/store/model.ts';

function version(key: string, versionId: string, lastModified = 0): ObjectVersion {
  return {
    marker: false,
    key,
    versionId,
    content: new Content([]),
    etag: '',
    lastModified,
    headers: [],
    storageClass: 'STANDARD',
    checksum: undefined,
    parts: undefined,
    tags: [],
    retention: undefined,
    legalHold: undefined,
    replicationStatus: undefined,
    originTimes: {},
  };
}

// Characters on both sides of where UTF-16 and UTF-8 part, often enough to meet each other.
const text = string({
  unit: constantFrom('a', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'),
});

test('strings are compared as their UTF-8 bytes', (t) => {
  assert(
    property(text, text, (a, b) => {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
      t.is(Math.sign(compareUtf8(a, b)), bytes);
    }),
  );
});

test('keys stay in order, each once, whatever was added and removed between listings', (t) => {
  const step = tuple(
    constantFrom('add', 'remove', 'list'),
    constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  );
  assert(
    property(array(step, { maxLength: 60 }), (steps) => {
      const keys = new Keyspace('s3');
      const model = new Set<string>();
      for (const [action, key] of steps) {
        if (action === 'add') {
          keys.add(version(key, 'null'));
          model.add(key);
        }
        if (action === 'remove') {
          keys.remove(key, 'null');
          model.delete(key);
        }
        if (action === 'list') {
          t.deepEqual([...keys.keysFrom('c')], [...model].filter((k) => k >= 'c').toSorted());
        }
      }
      t.deepEqual([...keys.keysFrom('')], [...model].toSorted());
      t.is(keys.size, model.size);
    }),
  );
});

function order(manner: Manner): string[] {
  const keys = new Keyspace(manner);
  keys.add(version('k', 'b', 2));
  keys.add(version('k', 'a', 1));
  keys.add(version('k', 'c', 2));
  return keys.history('k').map(({ versionId }) => versionId);
}

test('versions are in order of arrival, or of their times in the minio manner', (t) => {
  t.deepEqual(order('s3'), ['b', 'a', 'c']);
  t.deepEqual(order('minio'), ['a', 'b', 'c']);
});

test('a version with the id of another takes its place', (t) => {
  const keys = new Keyspace('s3');
  keys.add(version('k', 'a', 1));
  keys.add(version('k', 'b', 2));
  keys.add(version('k', 'a', 3));
  t.deepEqual(
    keys.history('k').map(({ versionId, lastModified }) => [versionId, lastModified]),
    [
      ['b', 2],
      ['a', 3],
    ],
  );
});
