import test from 'ava';
import type { Change } from '../../src/journal/types.ts';
import type { CapturedWrite, SourceAnswer, Verdict } from '../../src/proxy/outcome.ts';
import { verdictOf } from '../../src/proxy/outcome.ts';

const write = (operation: CapturedWrite['operation'], versionId?: string): CapturedWrite => ({
  operation,
  bucket: 'b',
  keys: [
    versionId === undefined
      ? { key: 'k', targets: ['t'] }
      : { key: 'k', versionId, targets: ['t'] },
  ],
});

interface Given {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly versioning?: SourceAnswer['versioning'];
}

const answer = ({
  status = 200,
  headers = {},
  body,
  versioning = 'Enabled',
}: Given): SourceAnswer => ({
  status,
  header: (name) => headers[name],
  ...(body === undefined ? {} : { body: Buffer.from(body) }),
  versioning,
  at: 7,
});

const common = { bucket: 'b', key: 'k', acceptedAt: 7 };
const accepted = (...changes: Change[]): Verdict => ({ kind: 'accepted', changes, unclear: [] });

test('4xx refuses, 5xx says nothing', (t) => {
  t.is(verdictOf(write('PutObject'), answer({ status: 403 })).kind, 'refused');
  t.is(verdictOf(write('PutObject'), answer({ status: 412 })).kind, 'refused');
  t.is(verdictOf(write('PutObject'), answer({ status: 503 })).kind, 'unknown');
});

test('a put is the version that the answer names', (t) => {
  const headers = { 'x-amz-version-id': 'v1', etag: '"e"' };
  t.deepEqual(
    verdictOf(write('PutObject'), answer({ headers })),
    accepted({ ...common, kind: 'object', versionId: 'v1', etag: 'e' }),
  );
});

test('without a version id only an unversioned bucket is certain', (t) => {
  const off = verdictOf(
    write('PutObject'),
    answer({ headers: { etag: '"e"' }, versioning: 'Off' }),
  );
  t.deepEqual(off, accepted({ ...common, kind: 'object', versionId: 'null', etag: 'e' }));
  for (const versioning of ['Enabled', 'Suspended'] as const) {
    t.like(verdictOf(write('PutObject'), answer({ versioning })), {
      kind: 'accepted',
      changes: [],
    });
  }
});

test('a 200 that holds an error is asked about, one that holds a result is not', (t) => {
  const error = '  <?xml version="1.0"?><Error><Code>InternalError</Code></Error>';
  t.is(verdictOf(write('CopyObject'), answer({ body: error })).kind, 'unknown');
  t.is(verdictOf(write('CopyObject'), answer({ body: 'nonsense' })).kind, 'unknown');
  const result =
    '\n\n<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>';
  t.deepEqual(
    verdictOf(
      { ...write('CompleteMultipartUpload'), partSizes: [5, 3] },
      answer({ body: result, headers: { 'x-amz-version-id': 'v' } }),
    ),
    accepted({
      ...common,
      kind: 'object',
      versionId: 'v',
      etag: 'e-2',
      partSizes: [5, 3],
    }),
  );
});

test('an empty ETag in a result names none', (t) => {
  const body = '<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>';
  t.deepEqual(
    verdictOf(write('CompleteMultipartUpload'), answer({ body, versioning: 'Off' })),
    accepted({ ...common, kind: 'object', versionId: 'null' }),
  );
});

test('a delete is a marker, the removal of a version, or of the object, as the answer and the bucket say', (t) => {
  const marker = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'm' };
  t.deepEqual(
    verdictOf(write('DeleteObject'), answer({ status: 204, headers: marker })),
    accepted({ ...common, kind: 'marker', versionId: 'm' }),
  );
  t.deepEqual(
    verdictOf(write('DeleteObject', 'v'), answer({ status: 204 })),
    accepted({ ...common, kind: 'version-delete', versionId: 'v' }),
  );
  t.deepEqual(
    verdictOf(write('DeleteObject'), answer({ status: 204, versioning: 'Off' })),
    accepted({ ...common, kind: 'delete', versionId: 'null' }),
  );
  t.like(verdictOf(write('DeleteObject'), answer({ status: 204 })), { unclear: [{ key: 'k' }] });
});

test('of many deletes exactly those that succeeded count, in the order of the request', (t) => {
  const names = [
    { key: 'a', targets: ['t'] },
    { key: 'b', versionId: 'v', targets: ['t'] },
    { key: 'c', targets: ['t'] },
    { key: 'a', targets: ['t'] },
  ];
  const body =
    '<DeleteResult><Deleted><Key>b</Key><VersionId>v</VersionId><DeleteMarker>true</DeleteMarker>' +
    '<DeleteMarkerVersionId>v</DeleteMarkerVersionId></Deleted>' +
    '<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m1</DeleteMarkerVersionId></Deleted>' +
    '<Error><Key>c</Key><Code>AccessDenied</Code></Error>' +
    '<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m2</DeleteMarkerVersionId></Deleted>' +
    '</DeleteResult>';
  const many = { operation: 'DeleteObjects' as const, bucket: 'x', keys: names };
  const at = { bucket: 'x', acceptedAt: 7 };
  t.deepEqual(
    verdictOf(many, answer({ body })),
    accepted(
      { ...at, key: 'a', kind: 'marker', versionId: 'm1' },
      { ...at, key: 'b', kind: 'version-delete', versionId: 'v', marker: true },
      { ...at, key: 'a', kind: 'marker', versionId: 'm2' },
    ),
  );
});

test('a quiet answer tells what failed: the rest succeeded, markers are looked up', (t) => {
  const body = '<DeleteResult><Error><Key>c</Key><Code>AccessDenied</Code></Error></DeleteResult>';
  const keys = [
    { key: 'a', targets: ['t'] },
    { key: 'b', versionId: 'v', targets: ['t'] },
    { key: 'c', targets: ['t'] },
  ];
  const verdict = verdictOf({ operation: 'DeleteObjects', bucket: 'x', keys }, answer({ body }));
  t.like(verdict, { kind: 'accepted', unclear: [{ key: 'a' }] });
  t.is(verdict.kind === 'accepted' ? verdict.changes.length : 0, 1);
});

test('tags belong to the version that the request or the answer names, else the source is asked', (t) => {
  t.deepEqual(
    verdictOf(write('PutObjectTagging', 'v'), answer({ headers: { 'x-amz-version-id': 'w' } })),
    accepted({ ...common, kind: 'metadata', versionId: 'v' }),
  );
  t.deepEqual(
    verdictOf(write('DeleteObjectTagging'), answer({ headers: { 'x-amz-version-id': 'w' } })),
    accepted({ ...common, kind: 'metadata', versionId: 'w' }),
  );
  t.like(verdictOf(write('PutObjectTagging'), answer({})), { unclear: [{ key: 'k' }] });
});
