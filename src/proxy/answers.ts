// What the sidecar says by itself, in S3's XML (API reference, "Error responses").

import { randomBytes } from 'node:crypto';
import { escapeXml } from '../s3/xml.ts';
import type { Fault, Reply, RequestHead } from '../wire/types.ts';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** An S3 error answer. HEAD has no body. */
export function refusalReply(refusal: Refusal, method: string | undefined): Reply {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const body = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${escapeXml(refusal.code)}</Code>` +
      `<Message>${escapeXml(refusal.message)}</Message><RequestId>${requestId}</RequestId></Error>`,
  );
  return {
    status: refusal.status,
    headers: [
      { name: 'Content-Type', value: 'application/xml' },
      { name: 'x-amz-request-id', value: requestId },
      { name: 'Date', value: new Date().toUTCString() },
      ...(refusal.retryAfterSeconds === undefined
        ? []
        : [{ name: 'Retry-After', value: String(refusal.retryAfterSeconds) }]),
    ],
    body: method === 'HEAD' ? Buffer.alloc(0) : body,
  };
}

/** How a fault of the wire reads in S3's words. */
export function faultReply(fault: Fault, head: RequestHead | undefined): Reply {
  return refusalReply(
    { status: fault.status, code: codes[fault.code](fault.status), message: fault.message },
    head?.method,
  );
}

const codes: Record<Fault['code'], (status: number) => string> = {
  malformed: (status) => malformedCodes[status] ?? 'InvalidRequest',
  timeout: () => 'RequestTimeout',
  busy: () => 'SlowDown',
  unreachable: () => 'SlowDown',
  lost: () => 'SlowDown',
  'connect-timeout': () => 'GatewayTimeout',
  nonsense: () => 'BadGateway',
};

const malformedCodes: Readonly<Record<number, string>> = {
  413: 'EntityTooLarge',
  414: 'InvalidURI',
  431: 'RequestHeaderSectionTooLarge',
  501: 'NotImplemented',
};
