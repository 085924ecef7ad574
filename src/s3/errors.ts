// An S3 error answer as an error, and the wrapping of what the network throws. Here alone it is decided
// whether the same call may succeed later without anybody changing anything.

import { SidecarError } from '../errors.ts';

export interface S3ErrorDetails {
  readonly status: number;
  /** S3's error code (API reference, "Error responses"), or a stand-in where the answer had no body. */
  readonly code: string;
  readonly message: string;
  /** `METHOD /bucket/key` of the call, without its query. */
  readonly call: string;
  readonly retryAfterMs?: number;
}

/** Codes with a 4xx status that pass by themselves. */
const passing = new Set([
  'SlowDown',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'TooManyRequests',
  'OperationAborted',
  'Throttling',
  'ThrottlingException',
  'BadDigest',
  'IncompleteBody',
]);

export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(details: S3ErrorDetails) {
    super(`${details.call} was answered ${details.status} ${details.code}: ${details.message}`);
    this.name = 'S3Error';
    this.status = details.status;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
    this.retryable =
      details.status >= 500 || [408, 429].includes(details.status) || passing.has(details.code);
  }
}

/** Whether an error is a clean proof that the key, or the version, does not exist. */
export function provesAbsence(error: unknown): boolean {
  return (
    error instanceof S3Error &&
    error.status === 404 &&
    (error.code === 'NoSuchKey' || error.code === 'NoSuchVersion')
  );
}

/** Whether an error says that an endpoint does not answer at all (as against answering with an error). */
export function isOutage(error: unknown): boolean {
  return error instanceof SidecarError && networkCodes.has(error.code);
}

const networkCodes = new Set(['unreachable', 'connect-timeout', 'timeout', 'cut', 'tls']);

/** Wraps what the HTTP client or the socket threw during `call`. */
export function networkError(error: unknown, call: string): SidecarError {
  const cause = innermost(error);
  const word = wordOf(cause);
  const code = codeOf(word);
  return new SidecarError(`${call} failed: ${describe(cause, word)}`, {
    code,
    retryable: true,
    cause: error,
  });
}

function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 5; depth += 1) {
    if (!(current instanceof Error) || !(current.cause instanceof Error)) return current;
    current = current.cause;
  }
  return current;
}

function wordOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'error';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

function codeOf(word: string): string {
  if (word === 'UND_ERR_CONNECT_TIMEOUT' || word === 'ETIMEDOUT') return 'connect-timeout';
  if (word === 'UND_ERR_HEADERS_TIMEOUT' || word === 'UND_ERR_BODY_TIMEOUT') return 'timeout';
  if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(word)) {
    return 'unreachable';
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(word)) return 'tls';
  if (word === 'AbortError' || word === 'ABORT_ERR' || word === 'UND_ERR_ABORTED') return 'aborted';
  return 'cut';
}

function describe(cause: unknown, word: string): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.includes(word) ? message : `${message} (${word})`;
}
