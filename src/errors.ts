// The one error class of the sidecar. A foreign error is wrapped where it is first caught, and there
// alone it is decided whether trying again can help.

/** What went wrong, as a stable word for logs, metrics and the journal. */
export type ErrorCode = string;

export interface SidecarErrorOptions {
  readonly code: ErrorCode;
  /** Whether the same step may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** What a person can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class SidecarError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: string | undefined;

  constructor(message: string, options: SidecarErrorOptions) {
    super(message, { cause: options.cause });
    this.name = 'SidecarError';
    this.code = options.code;
    this.retryable = options.retryable;
    this.hint = options.hint;
  }
}
