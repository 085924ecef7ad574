// What a damage may have touched, so that exactly that is gone over again: kept as (bucket, target) pairs, each `*`
// where it cannot be told. Index rows are made again from the tasks and lose nothing.

import { bucketAt, indexKinds, type Kind, kindOf, targetAt } from './keys.ts';
import { parsePayload } from './record.ts';
import type { Targets } from './targets.ts';

/** Beyond so many buckets everything is gone over. */
const pairsMax = 100;

export interface Affected {
  readonly bucket: string;
  readonly target: string;
}

export class Damage {
  readonly #pairs = new Map<string, Affected>();
  readonly #reasons = new Set<string>();
  #records = 0;

  /** How many damaged records were met. */
  get records(): number {
    return this.#records;
  }

  get reason(): string {
    return [...this.#reasons].join('; ');
  }

  get affected(): readonly Affected[] {
    return [...this.#pairs.values()];
  }

  get isEmpty(): boolean {
    return this.#reasons.size === 0;
  }

  addRecord(key: string, targets: Targets): void {
    this.#records++;
    this.#addReason(`damaged or missing records of ${nameOf(key)}`);
    const kind = kindOf(key);
    if (kind === 'p' || (kind !== undefined && indexKinds.includes(kind))) return;
    const bucket = kind === 's' ? (bucketAt(key) ?? '*') : '*';
    const named = kind === 't' || kind === 'm';
    const target = named ? (targets.byNumber(targetAt(key))?.name ?? '*') : '*';
    this.#addPair({ bucket, target });
  }

  /** The records of a kind are not as many, or not the same, as were written. */
  addMismatch(kind: Kind): void {
    this.#addReason(`${nameOf(kind)} differ from what was written`);
    if (!indexKinds.includes(kind) && kind !== 'p') this.#addPair({ bucket: '*', target: '*' });
  }

  addEverything(reason: string): void {
    this.#addReason(reason);
    this.#addPair({ bucket: '*', target: '*' });
  }

  addAll(affected: readonly Affected[], reason: string): void {
    this.#addReason(reason);
    for (const pair of affected) this.#addPair(pair);
  }

  #addReason(reason: string): void {
    if (this.#reasons.size < 10) this.#reasons.add(reason);
  }

  #addPair(pair: Affected): void {
    const all = this.#pairs.size >= pairsMax || (pair.bucket === '*' && pair.target === '*');
    if (all) this.#pairs.clear();
    const added = all ? { bucket: '*', target: '*' } : pair;
    if (this.#pairs.has('*\0*')) return;
    this.#pairs.set(`${added.bucket}\0${added.target}`, added);
  }
}

/** The note of a damage, kept in the journal until its marks are gone. */
export interface DamageNote {
  readonly at: number;
  readonly reason: string;
  readonly affected: readonly Affected[];
  /** The index rows are being made again: to be begun anew at the next start. */
  readonly mending: boolean;
}

export function parseNote(payload: string | undefined): DamageNote | undefined {
  return payload === undefined ? undefined : parsePayload<DamageNote>(payload);
}

const names: Readonly<Record<string, string>> = {
  i: 'intents',
  t: 'tasks',
  l: 'lanes',
  n: 'lanes',
  r: 'the ready queue',
  w: 'the resting queue',
  f: 'the list of failures',
  s: 'statuses',
  m: 'marks',
  p: 'paused targets',
  '!': "the journal's own numbers",
};

function nameOf(key: string): string {
  return names[key.charAt(0)] ?? 'an unknown kind';
}
