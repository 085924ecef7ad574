// Answers of the admin listener as values, and the errors that are answers.

import { SidecarError } from '../errors.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = `${JSON.stringify(value)}\n`;
  return { status, contentType: 'application/json; charset=utf-8', body, headers };
}

/** Every refusal has this shape: a stable word, a sentence, and where there is one a way out. */
export function refusal(status: number, error: string, message: string, hint?: string): Answer {
  return json(status, { error, message, ...(hint === undefined ? {} : { hint }) });
}

const statusOfCode: Readonly<Record<string, number>> = {
  'bad-request': 400,
  'bad-cursor': 400,
  'unknown-target': 404,
  'target-configured': 409,
  'body-too-large': 413,
  'not-json': 415,
  'journal-full': 503,
};

/** The answer to an error that the caller can do something about; undefined for any other. */
export function failed(error: unknown): Answer | undefined {
  if (!(error instanceof SidecarError)) return undefined;
  const status = statusOfCode[error.code];
  return status === undefined ? undefined : refusal(status, error.code, error.message, error.hint);
}

export function badRequest(message: string): SidecarError {
  return new SidecarError(message, { code: 'bad-request', retryable: false });
}
