// A bucket's keys, each with its versions. A write touches one map entry; the order of keys is made only when a
// listing asks for it.

import type { Manner, ObjectVersion } from './model.ts';

/** The versions of one key, oldest first; the last one is current. */
export type History = ObjectVersion[];

export class Keyspace {
  readonly #histories = new Map<string, History>();
  readonly #manner: Manner;
  /** In S3's order; may still name keys that are gone. */
  #sorted: string[] = [];
  /** Keys that came since then. */
  #added: string[] = [];

  constructor(manner: Manner) {
    this.#manner = manner;
  }

  get size(): number {
    return this.#histories.size;
  }

  history(key: string): readonly ObjectVersion[] {
    return this.#histories.get(key) ?? [];
  }

  current(key: string): ObjectVersion | undefined {
    return this.#histories.get(key)?.at(-1);
  }

  version(key: string, versionId: string): ObjectVersion | undefined {
    return this.#histories.get(key)?.findLast((version) => version.versionId === versionId);
  }

  /**
   * Adds a version in the place of one with the same id, if there is one. In `s3` manner what came last is current;
   * in `minio` manner versions are in the order of their times.
   */
  add(version: ObjectVersion): void {
    const history = this.#histories.get(version.key);
    if (history === undefined) {
      this.#histories.set(version.key, [version]);
      this.#added.push(version.key);
      return;
    }
    const same = history.findIndex(({ versionId }) => versionId === version.versionId);
    if (same !== -1) history.splice(same, 1);
    let at = history.length;
    if (this.#manner === 'minio') {
      while (at > 0 && (history[at - 1]?.lastModified ?? 0) > version.lastModified) at -= 1;
    }
    history.splice(at, 0, version);
  }

  /** Puts a changed record in the very place of the one with its id. */
  replace(version: ObjectVersion): void {
    const history = this.#histories.get(version.key) ?? [];
    const at = history.findIndex(({ versionId }) => versionId === version.versionId);
    if (at !== -1) history[at] = version;
  }

  remove(key: string, versionId: string): ObjectVersion | undefined {
    const history = this.#histories.get(key);
    const at = history?.findIndex((version) => version.versionId === versionId) ?? -1;
    if (history === undefined || at === -1) return undefined;
    const [removed] = history.splice(at, 1);
    if (history.length === 0) this.#histories.delete(key);
    return removed;
  }

  /** Keys in the order of their UTF-8 bytes, beginning at the first that is not below `from`. */
  *keysFrom(from: string): Generator<string> {
    const keys = this.#ordered();
    for (let at = lowerBound(keys, from); at < keys.length; at++) {
      const key = keys[at];
      if (key !== undefined && this.#histories.has(key)) yield key;
    }
  }

  #ordered(): readonly string[] {
    const isStale = this.#sorted.length > 2 * this.#histories.size + 64;
    if (this.#added.length > 0 || isStale) {
      const added = this.#added.toSorted(compareUtf8);
      this.#sorted = merge(this.#sorted, added).filter((key) => this.#histories.has(key));
      this.#added = [];
    }
    return this.#sorted;
  }
}

/** Merges two ordered lists, each key once. */
function merge(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    const takeX = y === undefined || (x !== undefined && compareUtf8(x, y) <= 0);
    const next = takeX ? x : y;
    if (takeX) i += 1;
    else j += 1;
    if (next !== undefined && next !== merged.at(-1)) merged.push(next);
  }
  return merged;
}

function lowerBound(keys: readonly string[], from: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(keys[middle] ?? '', from) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Compares as UTF-8 bytes would: like UTF-16, but surrogates (U+10000 and up) come after U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? rank(x) - rank(y) : x - y;
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x2000 : unit + 0x2000;
}
