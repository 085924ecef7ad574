// The one comparison of two buckets, version by version: same keys, same order of versions, the same one current,
// same markers, sizes, ETags, bodies, headers, metadata and tags.

import { createHash } from 'node:crypto';
import type { VersionEntry } from '../s3/calls.ts';
import { getObjectTagging, ownLook } from '../s3/calls.ts';
import type { AnswerHeaders } from '../s3/client.ts';
import { queryOf } from '../s3/path.ts';
import type { KeyPair, Place } from './histories.ts';
import { histories, merged } from './histories.ts';

export interface Difference {
  readonly key: string;
  /** The source's version, or the target's where the source has none. */
  readonly versionId: string;
  /** A stable word: `missing`, `extra`, `etag`, `body`, `header:content-type`, `tags` … */
  readonly what: string;
  readonly source: string;
  readonly target: string;
}

export interface CompareOptions {
  readonly prefix?: string;
  /** Only the current state counts: for a target, or a source, that keeps no versions. */
  readonly latestOnly?: boolean;
  /**
   * The id that a version must have at the target. Versions are then paired by their ids, and the order among
   * them does not count; without it they are paired in order, whatever their ids.
   */
  targetVersionId?(entry: VersionEntry): string;
  readonly signal?: AbortSignal;
}

/** Headers that are part of what an object is. `x-amz-meta-*` come on top. */
const comparedHeaders: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
  'x-amz-website-redirect-location',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
]);

export async function* compareBuckets(
  source: Place,
  target: Place,
  options: CompareOptions = {},
): AsyncGenerator<Difference> {
  for await (const pair of merged(histories(source, options), histories(target, options))) {
    yield* compareKey(pair, { source, target, options });
  }
}

interface Comparison {
  readonly source: Place;
  readonly target: Place;
  readonly options: CompareOptions;
}

async function* compareKey(pair: KeyPair, comparison: Comparison): AsyncGenerator<Difference> {
  const { latestOnly = false } = comparison.options;
  const ours = counted(pair.source?.versions ?? [], latestOnly);
  const theirs = counted(pair.target?.versions ?? [], latestOnly);
  for (const [from, to] of paired(ours, theirs, comparison.options)) {
    if (from === undefined || to === undefined) {
      yield lonely(pair.key, from, to);
    } else {
      yield* compareVersions(from, to, comparison);
    }
  }
}

type Pair = readonly [from: VersionEntry | undefined, to: VersionEntry | undefined];

function paired(
  ours: readonly VersionEntry[],
  theirs: readonly VersionEntry[],
  options: CompareOptions,
): readonly Pair[] {
  if (options.targetVersionId === undefined) {
    const length = Math.max(ours.length, theirs.length);
    return Array.from({ length }, (_, index): Pair => [ours[index], theirs[index]]);
  }
  const left = new Map(theirs.map((entry) => [entry.versionId, entry]));
  const pairs: Pair[] = [];
  for (const from of ours) {
    const id = options.targetVersionId(from);
    pairs.push([from, left.get(id)]);
    left.delete(id);
  }
  for (const to of left.values()) pairs.push([undefined, to]);
  return pairs;
}

function counted(versions: readonly VersionEntry[], latestOnly: boolean): readonly VersionEntry[] {
  return latestOnly ? versions.filter((entry) => entry.latest && !entry.marker) : versions;
}

function lonely(
  key: string,
  from: VersionEntry | undefined,
  to: VersionEntry | undefined,
): Difference {
  return {
    key,
    versionId: (from ?? to)?.versionId ?? '',
    what: from === undefined ? 'extra' : 'missing',
    source: describe(from),
    target: describe(to),
  };
}

function describe(entry: VersionEntry | undefined): string {
  if (entry === undefined) return 'nothing';
  return entry.marker ? 'delete marker' : `${entry.size} bytes, ETag ${entry.etag}`;
}

async function* compareVersions(
  from: VersionEntry,
  to: VersionEntry,
  comparison: Comparison,
): AsyncGenerator<Difference> {
  const differs = (what: string, source: string, target: string): Difference => ({
    key: from.key,
    versionId: from.versionId,
    what,
    source,
    target,
  });
  if (from.marker !== to.marker) {
    yield differs('kind', describe(from), describe(to));
    return;
  }
  const isOrdered = comparison.options.targetVersionId === undefined;
  if (isOrdered && from.latest !== to.latest) {
    yield differs('current', String(from.latest), String(to.latest));
  }
  if (from.marker) return;
  if (from.size !== to.size) yield differs('size', String(from.size), String(to.size));
  if (from.etag !== to.etag) yield differs('etag', from.etag, to.etag);
  const [ours, theirs] = await Promise.all([
    read(comparison.source, from, comparison.options.signal),
    read(comparison.target, to, comparison.options.signal),
  ]);
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const [left, right] = [ours.get(name) ?? '', theirs.get(name) ?? ''];
    if (left !== right) yield differs(name, left, right);
  }
}

/** Everything of a version that only a GET tells, as comparable text. */
async function read(
  { client, bucket }: Place,
  { key, versionId }: VersionEntry,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  const answer = await client.send({
    method: 'GET',
    bucket,
    key,
    query: queryOf({ versionId }),
    headers: [ownLook],
    ...(signal === undefined ? {} : { signal }),
  });
  const hash = createHash('sha256');
  for await (const piece of answer.body) hash.update(piece);
  const facts = new Map([['body', hash.digest('hex')], ...headerFacts(answer.headers)]);
  if (Number(answer.headers['x-amz-tagging-count'] ?? 0) > 0) {
    const tags = await getObjectTagging(client, { bucket, key, versionId });
    const text = tags.map((tag) => `${tag.key}=${tag.value}`).toSorted();
    facts.set('tags', text.join('&'));
  }
  return facts;
}

function headerFacts(headers: AnswerHeaders): [string, string][] {
  const facts: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (!comparedHeaders.has(name) && !name.startsWith('x-amz-meta-')) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    const shown = name === 'content-encoding' ? withoutAwsChunked(text) : text;
    if (shown !== '') facts.push([`header:${name}`, shown]);
  }
  return facts;
}

/** Some stores (Ceph 16) keep the coding of the upload as if it were the object's. */
function withoutAwsChunked(text: string): string {
  const codings = text.split(',').map((coding) => coding.trim());
  return codings.filter((coding) => coding.toLowerCase() !== 'aws-chunked').join(',');
}
