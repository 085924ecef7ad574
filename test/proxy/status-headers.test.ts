import test from 'ava';
import type { TargetStatus } from '../../src/journal/types.ts';
import { deletionEdit, overall, statusEdit } from '../../src/proxy/status-headers.ts';

const targets = new Set(['b', 'c']);
const at = (state: TargetStatus['state'], deletion?: 'version' | 'marker'): TargetStatus => ({
  state,
  at: 1,
  ...(deletion === undefined ? {} : { deletion }),
});

test('one failure outweighs waiting, waiting outweighs success', (t) => {
  t.is(overall(['COMPLETED', 'PENDING', 'FAILED']), 'FAILED');
  t.is(overall(['COMPLETED', 'PENDING']), 'PENDING');
  t.is(overall(['COMPLETED', 'COMPLETED']), 'COMPLETED');
  t.is(overall([]), undefined);
});

test('each configured target is named with its own state', (t) => {
  const status = {
    replica: false,
    targets: { b: at('COMPLETED'), c: at('PENDING'), gone: at('FAILED') },
  };
  t.deepEqual(statusEdit(status, targets)?.add, [
    { name: 'x-amz-replication-status', value: 'PENDING' },
    { name: 'x-replicar-targets', value: 'b=COMPLETED, c=PENDING' },
  ]);
});

test('without a configured target nothing is said, unless it is a replica', (t) => {
  t.is(statusEdit({ replica: false, targets: { gone: at('COMPLETED') } }, targets), undefined);
  t.deepEqual(statusEdit({ replica: true, targets: {} }, targets)?.add, [
    { name: 'x-amz-replication-status', value: 'REPLICA' },
  ]);
});

test('a waiting delete and a marker have their own headers', (t) => {
  const deletion = { replica: false, targets: { b: at('PENDING', 'version'), c: at('COMPLETED') } };
  t.deepEqual(deletionEdit(deletion, targets)?.add, [
    { name: 'x-minio-replication-delete-status', value: 'PENDING' },
    { name: 'x-replicar-targets', value: 'b=PENDING, c=COMPLETED' },
  ]);
  const marker = { replica: false, targets: { b: at('COMPLETED', 'marker') } };
  t.is(deletionEdit(marker, targets)?.add?.[0]?.name, 'x-minio-replication-deletemarker-status');
  t.is(deletionEdit({ replica: false, targets: { b: at('COMPLETED') } }, targets), undefined);
});
