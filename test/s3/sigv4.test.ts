// The examples that AWS publishes for Signature Version 4 of S3, and what they do not cover: odd keys and bytes.

import test from 'ava';
import type { RequestToSign } from '../../src/s3/sigv4.ts';
import {
  ChunkSignatures,
  emptyHash,
  presignTarget,
  seedSignature,
  signingScope,
  signRequest,
  streamingSigned,
  streamingSignedTrailer,
} from '../../src/s3/sigv4.ts';
import { canonicalPath, canonicalQuery, sha256Hex } from '../../src/s3/sigv4-canonical.ts';
import type { VerifyOptions } from '../../src/s3/sigv4-verify.ts';
import { chunkSignatures, verifyRequest } from '../../src/s3/sigv4-verify.ts';

const credentials = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const at = new Date('2013-05-24T00:00:00Z');
const host = { name: 'Host', value: 'examplebucket.s3.amazonaws.com' };
const base = {
  method: 'GET',
  target: '/',
  headers: [host],
  credentials,
  region: 'us-east-1',
  at,
  payloadHash: emptyHash,
};

function signatureOf(input: RequestToSign): string {
  return seedSignature(signRequest(input));
}

const options: VerifyOptions = {
  secretOf: (accessKey) =>
    accessKey === credentials.accessKey ? credentials.secretKey : undefined,
  region: 'us-east-1',
  now: at.getTime(),
};

const examples: readonly { title: string; input: RequestToSign; signature: string }[] = [
  {
    title: 'GET of an object with a range',
    input: {
      ...base,
      target: '/test.txt',
      headers: [host, { name: 'Range', value: 'bytes=0-9' }],
    },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    title: 'PUT of an object',
    input: {
      ...base,
      method: 'PUT',
      target: '/test$file.text',
      headers: [
        host,
        { name: 'Date', value: 'Fri, 24 May 2013 00:00:00 GMT' },
        { name: 'x-amz-storage-class', value: 'REDUCED_REDUNDANCY' },
      ],
      payloadHash: sha256Hex('Welcome to Amazon S3.'),
    },
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    title: 'GET of a bucket lifecycle',
    input: { ...base, target: '/?lifecycle' },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    title: 'listing of a bucket',
    input: { ...base, target: '/?max-keys=2&prefix=J' },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

for (const { title, input, signature } of examples) {
  test(`AWS's example is signed as published: ${title}`, (t) => {
    t.is(signatureOf(input), signature);
  });
  test(`AWS's example is verified: ${title}`, (t) => {
    const head = { ...input, headers: [...input.headers, ...signRequest(input)] };
    const verified = verifyRequest(head, options);
    t.is(verified.kind, 'verified');
  });
}

test("AWS's presigned example has the published signature and is verified until it expires", (t) => {
  const target = presignTarget({ ...base, target: '/test.txt', expiresSeconds: 86_400 });
  t.regex(
    target,
    /X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/,
  );
  const head = { method: 'GET', target, headers: [host] };
  const verified = verifyRequest(head, options);
  t.like(verified, { kind: 'verified', presigned: true, payloadHash: 'UNSIGNED-PAYLOAD' });
  const late = verifyRequest(head, { ...options, now: at.getTime() + 86_401_000 });
  t.like(late, { kind: 'refused', status: 403, code: 'AccessDenied' });
  const early = verifyRequest(head, { ...options, now: at.getTime() - 16 * 60_000 });
  t.like(early, { kind: 'refused', status: 403, code: 'AccessDenied' });
  const changed = verifyRequest({ ...head, target: target.replace('test', 'best') }, options);
  t.like(changed, { kind: 'refused', code: 'SignatureDoesNotMatch' });
});

const chunkHost = { name: 'Host', value: 's3.amazonaws.com' };
const chunked = {
  ...base,
  method: 'PUT',
  target: '/examplebucket/chunkObject.txt',
  headers: [
    chunkHost,
    { name: 'x-amz-storage-class', value: 'REDUCED_REDUNDANCY' },
    { name: 'Content-Encoding', value: 'aws-chunked' },
    { name: 'x-amz-decoded-content-length', value: '66560' },
    { name: 'Content-Length', value: '66824' },
  ],
  payloadHash: streamingSigned,
};

test("AWS's chunked upload has the published seed and chunk signatures", (t) => {
  const lines = signRequest(chunked);
  const seed = seedSignature(lines);
  t.is(seed, '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9');
  const verified = verifyRequest({ ...chunked, headers: [...chunked.headers, ...lines] }, options);
  if (verified.kind !== 'verified') {
    t.fail(verified.kind);
    return;
  }
  for (const chunks of [chunkSignatures(verified), new ChunkSignatures(signingScope(base), seed)]) {
    t.is(
      chunks.chunk(sha256Hex('a'.repeat(65_536))),
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    );
    t.is(
      chunks.chunk(sha256Hex('a'.repeat(1024))),
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    );
    t.is(
      chunks.chunk(emptyHash),
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    );
  }
});

test("AWS's chunked upload with a trailer has the published signatures", (t) => {
  const input = {
    ...chunked,
    headers: [
      ...chunked.headers.slice(0, 4),
      { name: 'x-amz-trailer', value: 'x-amz-checksum-crc32c' },
    ],
    payloadHash: streamingSignedTrailer,
  };
  const seed = seedSignature(signRequest(input));
  t.is(seed, '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');
  const chunks = new ChunkSignatures(signingScope(base), seed);
  t.is(
    chunks.chunk(sha256Hex('a'.repeat(65_536))),
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
  );
  t.is(
    chunks.chunk(sha256Hex('a'.repeat(1024))),
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
  );
  t.is(chunks.chunk(emptyHash), '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992');
  t.is(
    chunks.trailer(sha256Hex('x-amz-checksum-crc32c:sOO8/Q==\n')),
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  );
});

test('a path is encoded once, whatever the client chose to encode', (t) => {
  t.is(canonicalPath('/b/a%20b'), '/b/a%20b');
  t.is(canonicalPath('/b/a b'), '/b/a%20b');
  t.is(canonicalPath('/b//x/../y/./%2e'), '/b//x/../y/./.');
  t.is(canonicalPath('/b/a%2Fb'), '/b/a/b');
  t.is(canonicalPath('/b/a+b%2b'), '/b/a%2Bb%2B');
  t.is(canonicalPath('/b/100%'), '/b/100%25');
  t.is(canonicalPath('/b/%c3%a9'), '/b/%C3%A9');
  t.is(canonicalPath('/b/\u00c3\u00a9'), '/b/%C3%A9');
  t.is(canonicalPath("/b/a=b&c:d@e,f;$!*()'"), '/b/a%3Db%26c%3Ad%40e%2Cf%3B%24%21%2A%28%29%27');
});

test('a query is sorted by encoded name and value, and a plus sign in it is a space', (t) => {
  t.is(canonicalQuery('b=2&a=1&&uploads&a=0'), 'a=0&a=1&b=2&uploads=');
  t.is(canonicalQuery('prefix=a/b+c'), 'prefix=a%2Fb%20c');
  t.is(canonicalQuery('x=1&X-Amz-Signature=s', 'X-Amz-Signature'), 'x=1');
});

test('metadata that is not ASCII is signed by its bytes, 0xA0 at the end included', (t) => {
  const value = Buffer.from('voilà').toString('latin1');
  const input = { ...base, headers: [host, { name: 'x-amz-meta-a', value }] };
  const signature = signatureOf(input);
  const lines = signRequest(input);
  const verified = verifyRequest({ ...input, headers: [...input.headers, ...lines] }, options);
  t.is(verified.kind, 'verified');
  const canonical = [
    'GET',
    '/',
    '',
    'host:examplebucket.s3.amazonaws.com',
    `x-amz-content-sha256:${emptyHash}`,
    'x-amz-date:20130524T000000Z',
    'x-amz-meta-a:voilà',
    '',
    'host;x-amz-content-sha256;x-amz-date;x-amz-meta-a',
    emptyHash,
  ].join('\n');
  const requestHash = sha256Hex(Buffer.from(canonical, 'utf8'));
  t.is(requestHash, sha256Hex(Buffer.from(canonical).toString('latin1')));
  t.not(
    signature,
    signatureOf({ ...input, headers: [host, { name: 'x-amz-meta-a', value: 'voil' }] }),
  );
});

function verifyChanged(
  change: Partial<RequestToSign>,
  more: Partial<VerifyOptions> = {},
  edit: (lines: { name: string; value: string }[]) => void = () => {},
): unknown {
  const input = { ...base, target: '/test.txt', ...change };
  const lines = [...input.headers, ...signRequest(input)];
  edit(lines);
  return verifyRequest({ ...input, headers: lines }, { ...options, ...more });
}

test('a wrong secret, another key, region or time are refused with the code S3 gives', (t) => {
  const wrong = { credentials: { ...credentials, secretKey: 'wrong' } };
  t.like(verifyChanged(wrong), { status: 403, code: 'SignatureDoesNotMatch' });
  const other = { credentials: { ...credentials, accessKey: 'OTHER' } };
  t.like(verifyChanged(other), { status: 403, code: 'InvalidAccessKeyId' });
  t.like(verifyChanged({ region: 'eu-west-1' }), {
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  });
  t.like(verifyChanged({ region: 'eu-west-1' }, { region: undefined }), { kind: 'verified' });
  const skewed = { status: 403, code: 'RequestTimeTooSkewed' };
  t.like(verifyChanged({}, { now: at.getTime() + 15 * 60_000 + 1 }), skewed);
  t.like(verifyChanged({}, { now: at.getTime() - 15 * 60_000 - 1 }), skewed);
  t.like(verifyChanged({}, { now: at.getTime() + 15 * 60_000 }), { kind: 'verified' });
});

test('whatever was changed after signing does not match', (t) => {
  const added = verifyChanged({}, {}, (lines) =>
    lines.push({ name: 'x-amz-acl', value: 'public' }),
  );
  t.like(added, { status: 403, code: 'AccessDenied' });
  const rehosted = verifyChanged({}, {}, (lines) =>
    lines.splice(0, 1, { name: 'host', value: 'x' }),
  );
  t.like(rehosted, { code: 'SignatureDoesNotMatch' });
  const removed = verifyChanged({}, {}, (lines) => lines.shift());
  t.like(removed, { code: 'SignatureDoesNotMatch' });
});

function verify(headers: { name: string; value: string }[], target = '/') {
  return verifyRequest({ method: 'GET', target, headers }, options);
}

test('heads that are malformed or not signed at all are told apart', (t) => {
  t.is(verify([]).kind, 'anonymous');
  t.like(verify([{ name: 'authorization', value: 'AWS a:b' }]), { code: 'InvalidRequest' });
  t.like(verify([{ name: 'authorization', value: 'Bearer x' }]), {
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  });
  t.like(verify([], '/?X-Amz-Signature=1'), { code: 'AuthorizationQueryParametersError' });
  const noHash = verifyChanged({}, {}, (lines) => lines.splice(2, 1));
  t.like(noHash, { status: 400, code: 'InvalidRequest' });
  const noDate = verifyChanged({}, {}, (lines) => lines.splice(1, 1));
  t.like(noDate, { status: 403, code: 'AccessDenied' });
});
