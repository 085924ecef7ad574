// What all exchanges of a server share.

import type { HeldBytes } from './held-bytes.ts';
import type { SourcePool } from './source-pool.ts';
import type { Fault, Reply, RequestHead } from './types.ts';

export interface Surroundings {
  readonly pool: SourcePool;
  readonly held: HeldBytes;
  readonly refuse: (fault: Fault, head: RequestHead | undefined) => Reply;
  readonly onError: (error: Error) => void;
  /** One more exchange, or one less. */
  readonly onExchange: (change: 1 | -1) => void;
}

/** The answer to a client whose interceptor failed. */
export const BUG: Reply = { status: 500, headers: [], body: Buffer.alloc(0) };

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
