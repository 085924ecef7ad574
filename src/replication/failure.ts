// What an error of an attempt means: whether the target is gone, wants less, refuses this object, or needs a person;
// or whether it was the source, or our own code. Pure.

import { SidecarError } from '../errors.ts';
import { isOutage, S3Error } from '../s3/errors.ts';
import type { Silence } from './breaker.ts';

export type Verdict = {
  /** A stable word for status, metrics and journal. */
  readonly code: string;
  /** A sentence for a person. */
  readonly reason: string;
} & (
  | { readonly kind: 'silent'; readonly silence: Silence }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number | undefined }
  /** The source did not answer. */
  | { readonly kind: 'source-silent'; readonly silence: Silence }
  /**
   * This task failed and may succeed later. `eases`: the target should be asked for less meanwhile. `isAnswer`: the
   * target answered, so it is up.
   */
  | { readonly kind: 'object'; readonly eases: boolean; readonly isAnswer: boolean }
  | { readonly kind: 'person'; readonly isAnswer: boolean }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'bug' }
);

const reasonMax = 400;

export function classify(error: unknown): Verdict {
  if (error instanceof S3Error) return ofAnswer(error);
  if (!(error instanceof SidecarError)) {
    return {
      kind: 'bug',
      code: 'internal',
      reason: shorten(`a fault of our own: ${String(error)}`),
    };
  }
  const { code, message } = error;
  const reason = shorten(message);
  if (code === 'aborted') return { kind: 'aborted', code, reason };
  if (code.startsWith('source-')) return ofSource(error, reason);
  if (isOutage(error)) {
    const silence = silenceOf(code);
    return { kind: 'silent', silence, code: `target-${code}`, reason };
  }
  if (!error.retryable) return { kind: 'person', isAnswer: false, code, reason: withHint(error) };
  return { kind: 'object', eases: false, isAnswer: code === 'etag-mismatch', code, reason };
}

/** A refused connection proves that nobody is there; a cut or a late answer may be about one object. */
function silenceOf(code: string): Silence {
  return code === 'cut' || code === 'timeout' ? 'doubtful' : 'unreached';
}

const throttles = new Set([
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'TooManyRequests',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

const passing404 = new Set(['NoSuchKey', 'NoSuchVersion', 'NoSuchUpload', 'NotFound']);

function ofAnswer(error: S3Error): Verdict {
  const { status, code, retryAfterMs } = error;
  const told = { code, reason: shorten(error.message) };
  const asksToWait = status === 503 && retryAfterMs !== undefined;
  if (status === 429 || throttles.has(code) || asksToWait) {
    return { ...told, kind: 'throttled', retryAfterMs };
  }
  if (status === 502 || status === 503 || status === 504) {
    return { ...told, kind: 'silent', silence: 'doubtful' };
  }
  if (status === 501) return { ...told, kind: 'person', isAnswer: true };
  const isTheirs = status >= 500 || code === 'InternalError' || code === 'ServiceUnavailable';
  if (isTheirs) return { ...told, kind: 'object', eases: true, isAnswer: true };
  if (error.retryable || passing404.has(code)) {
    return { ...told, kind: 'object', eases: false, isAnswer: true };
  }
  return { ...told, kind: 'person', isAnswer: true };
}

function ofSource(error: SidecarError, reason: string): Verdict {
  const { code, cause, retryable } = error;
  if (isOutage(cause)) {
    const silence = cause instanceof SidecarError ? silenceOf(cause.code) : 'doubtful';
    return { kind: 'source-silent', silence, code, reason };
  }
  const isBare5xx = cause instanceof S3Error && [502, 503, 504].includes(cause.status);
  if (isBare5xx) return { kind: 'source-silent', silence: 'doubtful', code, reason };
  if (retryable) return { kind: 'object', eases: false, isAnswer: false, code, reason };
  return { kind: 'person', isAnswer: false, code, reason: withHint(error) };
}

function withHint({ message, hint }: SidecarError): string {
  return shorten(hint === undefined ? message : `${message}; ${hint}`);
}

/** What a store says is not to be trusted with our disk. */
function shorten(text: string): string {
  return text.length <= reasonMax ? text : `${text.slice(0, reasonMax - 1)}…`;
}

/** Marks what happened while the source was asked, so that it is never blamed on the target. */
export async function fromSource<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw sourceError(error);
  }
}

export function sourceError(error: unknown): unknown {
  if (!(error instanceof S3Error) && !(error instanceof SidecarError)) return error;
  if (error.code === 'aborted' || error.code.startsWith('source-')) return error;
  return new SidecarError(`the source: ${error.message}`, {
    code: `source-${error.code}`,
    retryable: error.retryable || (error instanceof S3Error && passing404.has(error.code)),
    cause: error,
  });
}
