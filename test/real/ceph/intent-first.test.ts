import test from 'ava';
import { declareIntentFirst, framings } from '../../proxy/intent-first-at-store.ts';
import type { Ceph } from './gateway.ts';
import { startCeph } from './gateway.ts';

let ceph: Ceph | undefined;

test.before(async (t) => {
  t.timeout(180_000);
  ceph = await startCeph();
});

test.after.always(async () => {
  await ceph?.close();
});

// Ceph 16 knows no unsigned trailer, and wants a length.
declareIntentFirst(
  'Ceph',
  () => (ceph === undefined ? Promise.reject(new Error('it is not up')) : Promise.resolve(ceph)),
  [framings.length, framings.empty, framings.signed],
);
