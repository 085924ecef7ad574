// Asks a store whether it answers at all: any answer but a server's error will do, a refusal too.

import type { S3Client } from '../s3/client.ts';
import { S3Error } from '../s3/errors.ts';

const timeoutMs = 5000;

export async function isAnswering(
  client: S3Client,
  bucket: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.fetch({
      method: bucket === undefined ? 'GET' : 'HEAD',
      ...(bucket === undefined ? {} : { bucket }),
      headTimeoutMs: timeoutMs,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs * 2)]),
    });
    return true;
  } catch (error) {
    return error instanceof S3Error && error.status < 500;
  }
}
