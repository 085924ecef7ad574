// The numbers that go with every commit: its own number, the next sequence, per kind of record the count and
// hash-sum of what is live, and per target how many tasks wait, failed, and need a person. They are why opening
// need not read the backlog, and how a record that went missing is noticed.

import { type Kind, kinds } from './keys.ts';
import { parsePayload } from './record.ts';

export interface KindTally {
  count: number;
  /** Sum of the live records' hashes, modulo 2^48. */
  sum: number;
}

export interface TaskCounts {
  pending: number;
  failed: number;
  parked: number;
}

const modulus = 2 ** 48;

export class Ledger {
  batch = 0;
  nextSequence = 1;
  readonly #tallies: Record<Kind, KindTally>;
  readonly #counts = new Map<number, TaskCounts>();

  constructor() {
    this.#tallies = emptyTallies();
  }

  static parse(payload: string): Ledger {
    const [batch, nextSequence, tallies, counts] = parsePayload<StoredLedger>(payload);
    const ledger = new Ledger();
    ledger.batch = batch;
    ledger.nextSequence = nextSequence;
    for (const [index, kind] of kinds.entries()) {
      const tally = tallies[index];
      if (tally !== undefined) ledger.#tallies[kind] = { count: tally[0], sum: tally[1] };
    }
    for (const [target, pending, failed, parked] of counts) {
      ledger.#counts.set(target, { pending, failed, parked });
    }
    return ledger;
  }

  toString(): string {
    const tallies = kinds.map((kind) => [this.#tallies[kind].count, this.#tallies[kind].sum]);
    const counts = [...this.#counts]
      .filter(([, { pending }]) => pending > 0)
      .map(([target, { pending, failed, parked }]) => [target, pending, failed, parked]);
    return JSON.stringify([this.batch, this.nextSequence, tallies, counts]);
  }

  clone(): Ledger {
    const copy = new Ledger();
    copy.batch = this.batch;
    copy.nextSequence = this.nextSequence;
    for (const kind of kinds) {
      const { count, sum } = this.#tallies[kind];
      copy.#tallies[kind] = { count, sum };
    }
    for (const [target, { pending, failed, parked }] of this.#counts) {
      if (pending > 0) copy.#counts.set(target, { pending, failed, parked });
    }
    return copy;
  }

  tally(kind: Kind): Readonly<KindTally> {
    return this.#tallies[kind];
  }

  /** How many tasks a target has. The object is live: a caller that keeps it copies it. */
  counts(target: number): TaskCounts {
    let counts = this.#counts.get(target);
    if (counts === undefined) {
      counts = { pending: 0, failed: 0, parked: 0 };
      this.#counts.set(target, counts);
    }
    return counts;
  }

  targetsWithTasks(): readonly number[] {
    return [...this.#counts].filter(([, { pending }]) => pending > 0).map(([target]) => target);
  }

  add(kind: Kind, hash: number): void {
    addTo(this.#tallies[kind], hash);
  }

  remove(kind: Kind, hash: number): void {
    const tally = this.#tallies[kind];
    tally.count--;
    tally.sum = (tally.sum - hash + modulus) % modulus;
  }
}

type StoredLedger = [
  number,
  number,
  readonly (readonly [number, number])[],
  readonly (readonly [number, number, number, number])[],
];

export function emptyTallies(): Record<Kind, KindTally> {
  return {
    i: none(),
    t: none(),
    l: none(),
    n: none(),
    r: none(),
    w: none(),
    f: none(),
    s: none(),
    m: none(),
    p: none(),
  };
}

export function addTo(tally: KindTally, hash: number): void {
  tally.count++;
  tally.sum = (tally.sum + hash) % modulus;
}

const none = (): KindTally => ({ count: 0, sum: 0 });
