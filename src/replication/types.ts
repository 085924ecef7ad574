// What the replicator is given and what it tells.

import type { Change, Journal, Task } from '../journal/types.ts';
import type { S3Client, S3ClientOptions } from '../s3/client.ts';
import type { Endpoint } from '../s3/types.ts';
import type { RetryBounds } from './backoff.ts';
import type { DialectName } from './dialect.ts';

export interface TargetOptions {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Where neither this nor the rule names one, the target's bucket is called as the source's. */
  readonly bucket?: string;
  readonly dialect: 'auto' | DialectName;
  readonly sync: boolean;
  readonly syncTimeoutMs: number;
  /** Tasks in flight at most. */
  readonly concurrency: number;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ReplicationEvents {
  /** `gone`: nothing was sent, because the source has not got it any more. */
  replicated(
    target: string,
    kind: Change['kind'] | 'gone',
    bytes: number,
    lagSeconds: number,
  ): void;
  attemptFailed(target: string, code: string): void;
}

export interface ReplicatorOptions {
  readonly journal: Journal;
  readonly source: S3Client;
  readonly site: string;
  readonly targets: readonly TargetOptions[];
  /** By the rules as of now. Undefined: no rule wants it any more, and the task is held. */
  readonly wants: (
    change: Change,
    target: string,
  ) => { readonly targetBucket: string | undefined } | undefined;
  readonly retry: RetryBounds;
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Between two probes of a store that does not answer. */
  readonly probeIntervalMs?: number;
  /** Other deadlines towards the targets than the client's own. */
  readonly deadlines?: Pick<
    S3ClientOptions,
    'connectTimeoutMs' | 'headTimeoutMs' | 'idleTimeoutMs'
  >;
  readonly events?: ReplicationEvents;
  readonly log: Log;
}

export interface TargetRuntime {
  readonly name: string;
  readonly endpoint: string;
  /** `auto` until an answer told. */
  readonly dialect: 'auto' | DialectName;
  readonly state: 'up' | 'down' | 'paused';
  readonly sync: boolean;
  /** Since the start of the process. */
  readonly completed: number;
  readonly completedBytes: number;
  /** Seconds from the source's acceptance to the target's, of the latest tasks. */
  readonly lag: { readonly p50: number | undefined; readonly p99: number | undefined };
  readonly lastError?: string;
  readonly lastErrorAt?: number;
}

/** What the worker of one target tells the replicator. */
export interface WorkerEvents {
  /** The task reached COMPLETED or FAILED. */
  settled(task: Task): void;
  /** Nothing more will be done until something happens from outside, or that is over. */
  quiet(): void;
  stateChanged(state: TargetRuntime['state']): void;
  /** The source answered, or did not. */
  sourceAnswered(): void;
  sourceSilent(silence: 'unreached' | 'doubtful'): void;
}
