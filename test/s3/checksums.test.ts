// Check values of the published CRC catalogue and of S3's documentation.

import test from 'ava';
import {
  checksum,
  checksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  checksumOfHeader,
  checksumTypeAllowed,
  compositeChecksum,
  createChecksum,
} from '../../src/s3/checksums.ts';
import { crc32, crc32c, crc64nvme } from '../../src/s3/crc.ts';

const digits = Buffer.from('123456789');

test('the CRCs have their catalogue check values', (t) => {
  t.is(crc32(digits), 0xcbf43926);
  t.is(crc32c(digits), 0xe3069283);
  t.is(crc64nvme(digits), 0xae8b14860a799888n);
});

test('a CRC continues from an earlier result, wherever the bytes are cut', (t) => {
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, at) => (at * 37 + 11) & 255));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const [left, right] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    t.is(crc32c(right, crc32c(left)), crc32c(bytes));
    t.is(crc64nvme(right, crc64nvme(left)), crc64nvme(bytes));
    t.is(crc32(right, crc32(left)), crc32(bytes));
  }
});

test('a CRC-32C over a part of the bytes is that over a copy of the part', (t) => {
  const bytes = Buffer.from(Array.from({ length: 40 }, (_, at) => (at * 91 + 5) & 255));
  for (let start = 0; start <= bytes.length; start++) {
    for (let end = start; end <= bytes.length; end++) {
      t.is(crc32c(bytes, 7, start, end), crc32c(Buffer.from(bytes.subarray(start, end)), 7));
    }
  }
});

test('each algorithm digests to base64 as S3 writes it', (t) => {
  const expected = {
    CRC32: 'y/Q5Jg==',
    CRC32C: '4waSgw==',
    CRC64NVME: 'rosUhgp5mIg=',
    SHA1: '98O8HYCOBHMq32eZZczDTKeuNEE=',
    SHA256: 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=',
  };
  for (const algorithm of checksumAlgorithms) {
    t.is(checksum(algorithm, digits), expected[algorithm], algorithm);
    const running = createChecksum(algorithm);
    for (const byte of digits) running.update(Buffer.of(byte));
    t.is(running.digest(), expected[algorithm], algorithm);
  }
});

test('a composite checksum is over the decoded checksums of the parts, with their number', (t) => {
  const parts = [checksum('SHA256', Buffer.from('a')), checksum('SHA256', Buffer.from('b'))];
  const joined = Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
  t.is(compositeChecksum('SHA256', parts), `${checksum('SHA256', joined)}-2`);
});

test('names go from header to algorithm and back', (t) => {
  for (const algorithm of checksumAlgorithms) {
    t.is(checksumOfHeader(checksumHeader(algorithm).toUpperCase()), algorithm);
    t.is(checksumAlgorithm(algorithm.toLowerCase()), algorithm);
  }
  t.is(checksumOfHeader('x-amz-checksum-mode'), undefined);
  t.is(checksumAlgorithm('md5'), undefined);
  t.false(checksumTypeAllowed('SHA256', 'FULL_OBJECT'));
  t.false(checksumTypeAllowed('CRC64NVME', 'COMPOSITE'));
  t.true(checksumTypeAllowed('CRC32', 'FULL_OBJECT'));
});
