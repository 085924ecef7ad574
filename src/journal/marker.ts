// The marker: whose folder this is, which targets its numbers stand for, and when each rule was first seen. It lies
// in `replicar.json` and, written first, within LevelDB, so that each proves the other. Pure.

import { crc32c } from '../s3/crc.ts';
import { targetsMax } from './keys.ts';
import type { Mark } from './types.ts';

export const formatVersion = 1;

export interface Marker {
  readonly format: number;
  readonly identity: string;
  /** Grows with each change, so that the newer of two copies is known. */
  readonly revision: number;
  readonly site: string;
  /** At least so many commits were made, as known at the last orderly end. */
  readonly batchesAtLeast: number;
  /** The next number for a target or an epoch. */
  readonly nextNumber: number;
  readonly targets: Readonly<Record<string, MarkedTarget>>;
  readonly rules: readonly MarkedRule[];
  /** Why the LevelDB is not to be trusted any more; the next start salvages it. */
  readonly condemned?: string;
}

export interface MarkedTarget {
  /** Stands for the name in the keys of tasks. */
  readonly number: number;
  /** Stands for this endpoint and bucket in statuses. */
  readonly epoch: number;
  readonly endpoint: string;
  readonly bucket?: string;
}

export interface MarkedRule {
  readonly text: string;
  readonly firstSeenAt: number;
}

export interface TargetIdentity {
  readonly name: string;
  readonly endpoint: string;
  readonly bucket?: string;
}

export interface Settings {
  readonly site: string;
  readonly targets: readonly TargetIdentity[];
  readonly rules: readonly { readonly name: string; readonly text: string }[];
}

/** What is different from the last start. */
export interface JournalChanges {
  readonly siteBefore?: string;
  readonly newTargets: readonly string[];
  readonly movedTargets: readonly {
    readonly name: string;
    readonly before: { readonly endpoint: string; readonly bucket?: string };
  }[];
}

export function newMarker(identity: string, site: string): Marker {
  return {
    format: formatVersion,
    identity,
    revision: 1,
    site,
    batchesAtLeast: 0,
    nextNumber: 1,
    targets: {},
    rules: [],
  };
}

export interface MarkerUpdate {
  readonly marker: Marker;
  readonly changes: JournalChanges;
  readonly marks: readonly Mark[];
}

/** Brings the marker up to the settings. The same object comes back if nothing changed. */
export function updateMarker(marker: Marker, settings: Settings, now: number): MarkerUpdate {
  const targets: Record<string, MarkedTarget> = { ...marker.targets };
  const newTargets: string[] = [];
  const movedTargets: JournalChanges['movedTargets'][number][] = [];
  const marks: Mark[] = [];
  let { nextNumber } = marker;
  for (const { name, endpoint, bucket } of settings.targets) {
    const known = targets[name];
    if (known?.endpoint === endpoint && known.bucket === bucket) continue;
    const epoch = nextNumber++;
    const number = known?.number ?? epoch;
    targets[name] = { number, epoch, endpoint, ...(bucket !== undefined && { bucket }) };
    if (known === undefined) {
      newTargets.push(name);
      continue;
    }
    movedTargets.push({ name, before: known });
    const reason = `the target ${name} was ${placeOf(known)} and is ${placeOf({ endpoint, bucket })}`;
    marks.push({ bucket: '*', target: name, reason, at: now });
  }
  const rules = withRules(marker.rules, settings.rules, now);
  const siteChanged = marker.site !== settings.site;
  const changes = {
    newTargets,
    movedTargets,
    ...(siteChanged && { siteBefore: marker.site }),
  };
  const isSame = !siteChanged && nextNumber === marker.nextNumber && rules === marker.rules;
  if (isSame) return { marker, changes, marks };
  const revision = marker.revision + 1;
  const updated = { ...marker, revision, site: settings.site, nextNumber, targets, rules };
  return { marker: updated, changes, marks };
}

/** The configured rules, each with the time its text was first seen. */
export function firstSights<R extends { readonly text: string }>(
  rules: readonly R[],
  marker: Marker,
): (R & { readonly firstSeenAt: number })[] {
  const known = new Map(marker.rules.map(({ text, firstSeenAt }) => [text, firstSeenAt]));
  return rules.map((rule) => Object.assign({ firstSeenAt: known.get(rule.text) ?? 0 }, rule));
}

/** Task keys hold a target's number in two digits. */
export function hasTooManyTargets(marker: Marker): boolean {
  return Object.values(marker.targets).some(({ number }) => number >= targetsMax);
}

export type ParsedMarker =
  | { readonly kind: 'sound'; readonly marker: Marker }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'newer'; readonly format: number };

export function encodeMarker(marker: Marker): string {
  return `${JSON.stringify({ ...marker, checksum: checksumOf(marker) }, undefined, 2)}\n`;
}

export function parseMarker(text: string): ParsedMarker {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'damaged' };
  }
  if (typeof parsed !== 'object' || parsed === null) return { kind: 'damaged' };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checksum proves it, below
  const { checksum, ...marker } = parsed as Marker & { checksum?: unknown };
  // A newer version may keep its checksum in another way: what it says of its format is taken as it stands.
  if (typeof marker.format === 'number' && marker.format > formatVersion) {
    return { kind: 'newer', format: marker.format };
  }
  if (checksum !== checksumOf(marker)) return { kind: 'damaged' };
  return { kind: 'sound', marker };
}

function checksumOf(marker: Marker): string {
  return crc32c(Buffer.from(JSON.stringify(marker)))
    .toString(16)
    .padStart(8, '0');
}

/** How many rules that are gone keep the time they were first seen at. */
const formerRulesMax = 1000;

function withRules(
  known: readonly MarkedRule[],
  rules: readonly { readonly text: string }[],
  now: number,
): readonly MarkedRule[] {
  const texts = new Set(rules.map(({ text }) => text));
  const added = [...texts].filter((text) => !known.some((rule) => rule.text === text));
  if (added.length === 0) return known;
  const former = known.filter(({ text }) => !texts.has(text)).slice(-formerRulesMax);
  const kept = known.filter(({ text }) => texts.has(text));
  return [...former, ...kept, ...added.map((text) => ({ text, firstSeenAt: now }))];
}

function placeOf(place: { endpoint: string; bucket?: string | undefined }): string {
  return place.bucket === undefined ? place.endpoint : `${place.endpoint}, bucket ${place.bucket}`;
}
