// How long a failed task rests before it is tried again. Pure.

export interface RetryBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What needs a person is tried again slowly: permissions are mended without anybody telling us. */
export const parkedMs = 10 * 60_000;

/**
 * Full jitter: anywhere between `minMs` and the exponentially growing ceiling, so that what failed together
 * does not come back together. `random` is in [0, 1).
 */
export function backoffMs(attempts: number, { minMs, maxMs }: RetryBounds, random: number): number {
  const exponent = Math.min(Math.max(attempts - 1, 0), 30);
  const ceiling = Math.min(minMs * 2 ** (exponent + 1), Math.max(maxMs, minMs));
  return Math.round(minMs + random * (ceiling - minMs));
}
