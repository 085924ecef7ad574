// A signed request as bytes, for clients that stop in the middle of it.

import { createHash } from 'node:crypto';
import { signRequest } from '../../src/s3/sigv4.ts';
import { credentials, region } from '../arrange.ts';

export interface RawRequest {
  readonly head: Buffer;
  readonly body: Buffer;
}

export function rawPut(host: string, target: string, body: Buffer): RawRequest {
  const headers = [
    { name: 'host', value: host },
    { name: 'content-length', value: String(body.length) },
  ];
  const signed = signRequest({
    method: 'PUT',
    target,
    headers,
    credentials,
    region,
    at: new Date(),
    payloadHash: createHash('sha256').update(body).digest('hex'),
  });
  const lines = [...headers, ...signed].map(({ name, value }) => `${name}: ${value}\r\n`);
  return { head: Buffer.from(`PUT ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body };
}
