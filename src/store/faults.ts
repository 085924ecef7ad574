// Scripted faults: what goes wrong, with which requests, how often. Each is armed for a number of uses and counts them.

import type { RequestHead } from './request.ts';

export interface FaultMatch {
  /** AWS's operation name. */
  readonly operation?: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly method?: string;
  /** Lets this many matching requests pass unharmed first. */
  readonly skip?: number;
}

/**
 * What happens to the request. "Commit" is the moment at which the operation takes effect.
 * - `delay`: waits before the body is read (`before`) or between commit and answer (`after`).
 * - `error`: answers so, and does nothing.
 * - `cut`: closes the connection, before the commit (after `bytes` of the body, default all of it) or after it.
 * - `swallow`: commits and never answers; the connection stays open.
 * - `hold`: waits for the promise before or after the commit.
 * - `wrong-etag`: commits, and names this ETag in the header (and in a result's XML).
 * - `garbage`: commits, and sends this text in the place of the answer's body.
 * - `truncate`: sends so many bytes of the answer's body and cuts; with `close` as framing there is no length,
 *   so that the short body looks whole.
 * - `ok-with-error`: answers 200 with an `<Error>` body and does nothing.
 * - `white-space`: the 200 goes out at once, then blanks until the promise; then it commits and sends the XML body
 *   (an error too: by then the status is gone).
 */
export type FaultEffect =
  | { readonly kind: 'delay'; readonly ms: number; readonly point?: 'before' | 'after' }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly headers?: readonly (readonly [name: string, value: string])[];
    }
  | { readonly kind: 'cut'; readonly point: 'before'; readonly bytes?: number }
  | { readonly kind: 'cut'; readonly point: 'after' }
  | { readonly kind: 'swallow' }
  | { readonly kind: 'hold'; readonly point: 'before' | 'after'; readonly until: Promise<unknown> }
  | { readonly kind: 'wrong-etag'; readonly etag: string }
  | { readonly kind: 'garbage'; readonly body: string }
  | { readonly kind: 'truncate'; readonly bytes: number; readonly framing: 'length' | 'close' }
  | { readonly kind: 'ok-with-error'; readonly code: string; readonly message?: string }
  | { readonly kind: 'white-space'; readonly everyMs: number; readonly until: Promise<unknown> };

export interface ArmedFault {
  readonly match: FaultMatch;
  readonly effect: FaultEffect;
  /** How often it struck. */
  readonly used: number;
  /** Resolves when it strikes for the first time. */
  readonly reached: Promise<void>;
  /** Disarms it. */
  remove(): void;
}

export interface HoldingFault extends ArmedFault {
  /** Lets the held requests go on. */
  release(): void;
}

export interface UsedFault {
  readonly effect: FaultEffect;
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
}

const usedMax = 10_000;

class Fault implements ArmedFault {
  readonly match: FaultMatch;
  readonly effect: FaultEffect;
  readonly reached: Promise<void>;
  readonly remove: () => void;
  used = 0;
  #skip: number;
  #left: number;
  #reach: () => void = () => {};

  constructor(
    match: FaultMatch,
    effect: FaultEffect,
    times: number,
    remove: (fault: Fault) => void,
  ) {
    this.match = match;
    this.effect = effect;
    this.#skip = match.skip ?? 0;
    this.#left = times;
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    this.remove = () => remove(this);
  }

  /** Whether it strikes this request; counts it if so. */
  strikes(head: RequestHead): boolean {
    if (this.#left <= 0 || !matches(this.match, head)) return false;
    if (this.#skip > 0) {
      this.#skip -= 1;
      return false;
    }
    this.#left -= 1;
    this.used += 1;
    this.#reach();
    return true;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }
}

function matches(match: FaultMatch, head: RequestHead): boolean {
  return (
    (match.operation === undefined || match.operation === head.operation) &&
    (match.bucket === undefined || match.bucket === head.bucket) &&
    (match.key === undefined || match.key === head.key) &&
    (match.method === undefined || match.method === head.method)
  );
}

export class Faults {
  #armed: Fault[] = [];
  readonly #used: UsedFault[] = [];

  /** What struck, oldest first; the last ten thousand. */
  get used(): readonly UsedFault[] {
    return this.#used;
  }

  /** How many are still armed. */
  get armed(): number {
    return this.#armed.length;
  }

  /** Arms a fault for so many matching requests; `Infinity` until it is removed. */
  add(match: FaultMatch, effect: FaultEffect, times = 1): ArmedFault {
    const fault = new Fault(match, effect, times, (spent) => this.#remove(spent));
    this.#armed.push(fault);
    return fault;
  }

  /** Holds the next matching requests until `release` is called. */
  hold(match: FaultMatch, point: 'before' | 'after', times = 1): HoldingFault {
    let release: (() => void) | undefined;
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    return Object.assign(this.add(match, { kind: 'hold', point, until }, times), {
      release: () => release?.(),
    });
  }

  clear(): void {
    this.#armed = [];
  }

  /** All that strike this request, in the order they were armed. */
  strike(head: RequestHead): readonly FaultEffect[] {
    if (this.#armed.length === 0) return [];
    const struck = this.#armed.filter((fault) => fault.strikes(head));
    for (const fault of struck) {
      if (fault.isSpent) this.#remove(fault);
      if (this.#used.length >= usedMax) this.#used.shift();
      const { operation, bucket, key } = head;
      this.#used.push({ effect: fault.effect, operation, bucket, key });
    }
    return struck.map(({ effect }) => effect);
  }

  #remove(fault: Fault): void {
    this.#armed = this.#armed.filter((other) => other !== fault);
  }
}
