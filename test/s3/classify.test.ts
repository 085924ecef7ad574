import test from 'ava';
import type { Operation, RequestFacts } from '../../src/s3/classify.ts';
import { classify, strangeHostLabel } from '../../src/s3/classify.ts';

function facts(
  line: string,
  headers: Readonly<Record<string, string>> = {},
  domains: readonly string[] = [],
): RequestFacts {
  const space = line.indexOf(' ');
  const input = {
    method: line.slice(0, space),
    target: line.slice(space + 1),
    host: headers['host'] ?? '127.0.0.1:9000',
    header: (name: string) => headers[name],
  };
  return classify(input, domains);
}

const copy = { 'x-amz-copy-source': '/b/k' };
const form = { 'content-type': 'multipart/form-data; boundary=x' };

const table: readonly [string, Operation, Readonly<Record<string, string>>?][] = [
  ['PUT /b/k', 'PutObject'],
  ['PUT /b/k?x-id=PutObject', 'PutObject'],
  ['PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0', 'PutObject'],
  ['PUT /b/k?versionId=v', 'PutObject'],
  ['PUT /b/k', 'CopyObject', copy],
  ['PUT /b/k?partNumber=1&uploadId=u', 'UploadPart'],
  ['PUT /b/k?uploadId=u&partNumber=1', 'UploadPartCopy', copy],
  ['POST /b/k?uploads', 'CreateMultipartUpload'],
  ['POST /b/k?uploads=', 'CreateMultipartUpload'],
  ['POST /b/k?uploadId=u', 'CompleteMultipartUpload'],
  ['DELETE /b/k?uploadId=u', 'AbortMultipartUpload'],
  ['DELETE /b/k', 'DeleteObject'],
  ['DELETE /b/k?versionId=v', 'DeleteObject'],
  ['POST /b?delete', 'DeleteObjects'],
  ['POST /b/?delete=', 'DeleteObjects'],
  ['POST /b', 'PostObject', form],
  ['POST /b/', 'PostObject', form],
  ['PUT /b/k?tagging', 'PutObjectTagging'],
  ['DELETE /b/k?tagging&versionId=v', 'DeleteObjectTagging'],
  ['PUT /b/k?retention', 'PutObjectRetention'],
  ['PUT /b/k?legal-hold&versionId=v', 'PutObjectLegalHold'],
  ['PUT /b/k?acl', 'OtherWrite'],
  ['POST /b/k?restore', 'OtherWrite'],
  ['POST /b/k?select&select-type=2', 'OtherWrite'],
  ['PUT /b/k?encryption-of-tomorrow', 'UnknownWrite'],
  ['PATCH /b/k', 'UnknownWrite'],
  ['GET /b/k', 'GetObject'],
  ['GET /b/k?versionId=v&response-content-type=a', 'GetObject'],
  ['HEAD /b/k?partNumber=1', 'HeadObject'],
  ['GET /b/k?tagging', 'OtherRead'],
  ['GET /b?versions&prefix=a', 'ListObjectVersions'],
  ['GET /b?list-type=2', 'ListObjects'],
  ['GET /b', 'ListObjects'],
  ['GET /b?location', 'OtherRead'],
  ['GET /', 'OtherRead'],
  ['PUT /b', 'OtherWrite'],
  ['OPTIONS *', 'OtherRead'],
];

for (const [line, operation, headers] of table) {
  test(`${line}${headers === undefined ? '' : ' with its header'} is ${operation}`, (t) => {
    t.is(facts(line, headers).operation, operation);
  });
}

test('bucket, key and version are decoded, whatever the encoding', (t) => {
  t.like(facts('PUT /b/a%2Fb//..%2f/%C3%A9+%20?versionId=a%2Bb'), {
    bucket: 'b',
    key: 'a/b//..//é+ ',
    versionId: 'a+b',
  });
  t.is(facts(`PUT /b/${Buffer.from('é').toString('latin1')}`).key, 'é');
  t.is(facts('PUT /b/100%').key, '100%');
  t.is(facts('PUT /b/k/').key, 'k/');
});

test('a key that is not UTF-8 is opaque, not lost', (t) => {
  const opaque = facts('PUT /b/%FF');
  t.is(opaque.key, undefined);
  t.true(opaque.keyIsOpaque);
  t.is(opaque.operation, 'PutObject');
});

test('the host names the bucket below a configured domain only', (t) => {
  const host = { host: 'photos.s3.example.com:9000' };
  t.like(facts('PUT /a/b', host, ['s3.example.com']), { bucket: 'photos', key: 'a/b' });
  t.like(facts('PUT /a/b', host), { bucket: 'a', key: 'b' });
  t.is(facts('POST /?delete', host, ['s3.example.com']).operation, 'DeleteObjects');
});

test('the absolute form is read like the origin form', (t) => {
  t.like(facts('PUT http://127.0.0.1:9000/b/k?tagging'), {
    operation: 'PutObjectTagging',
    bucket: 'b',
    key: 'k',
  });
});

test('a host that may be virtual-host style is noticed unless its domain is known', (t) => {
  t.is(strangeHostLabel('photos.s3.example.com', []), 'photos');
  t.is(strangeHostLabel('photos.s3.example.com', ['s3.example.com']), undefined);
  t.is(strangeHostLabel('s3.example.com', ['s3.example.com']), undefined);
  t.is(strangeHostLabel('localhost:9000', []), undefined);
  t.is(strangeHostLabel('10.0.0.1:9000', []), undefined);
});
