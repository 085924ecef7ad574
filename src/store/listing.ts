// ListObjects, ListObjectsV2 and ListObjectVersions: prefix, delimiter, paging, in the order of UTF-8 bytes.

import type { XmlPiece } from '../s3/xml.ts';
import { xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { xmlAnswer } from './answer.ts';
import { findBucket } from './find.ts';
import { compareUtf8 } from './keyspace.ts';
import type { Bucket, ObjectVersion, StoreState } from './model.ts';
import type { StoreRequest } from './request.ts';
import { StoreError } from './store-error.ts';

interface Listing {
  readonly prefix: string;
  readonly delimiter: string;
  readonly max: number;
  /** Writes keys, prefixes and markers: as they are, or encoded where the client asked for it. */
  readonly encode: (text: string) => string;
  readonly encoding: string | undefined;
}

/** One line of a page: a version, or all that is behind a common prefix. */
type Entry =
  | { readonly kind: 'version'; readonly version: ObjectVersion; readonly isLatest: boolean }
  | { readonly kind: 'prefix'; readonly prefix: string };

interface Page {
  readonly entries: readonly Entry[];
  readonly isTruncated: boolean;
}

const maxDefault = 1000;

function readListing({ query }: StoreRequest): Listing {
  const maxText = query.get('max-keys') ?? query.get('max-uploads');
  const max = maxText === undefined || maxText === '' ? maxDefault : Number(maxText);
  if (!Number.isInteger(max) || max < 0 || max > 2 ** 31) {
    throw new StoreError(
      'InvalidArgument',
      'Argument maxKeys must be an integer between 0 and 2147483647',
    );
  }
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    throw new StoreError('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    max: Math.min(max, maxDefault),
    encode: encoding === undefined ? (text) => text : urlEncode,
    encoding,
  };
}

/** As S3 does it: a blank is a plus sign, slashes stay. */
export function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replaceAll(/[!'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function listObjects(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const listing = readListing(request);
  const { encode } = listing;
  const marker = request.query.get('marker') ?? '';
  const page = collect(currentEntries(bucket, listing, marker), listing.max);
  const last = page.entries.at(-1);
  // AWS names the next marker only where there is a delimiter; MinIO always does.
  const isNextNamed = listing.delimiter !== '' || state.manner === 'minio';
  const next = page.isTruncated && isNextNamed && last !== undefined ? nameOf(last) : undefined;
  return xmlAnswer('ListBucketResult', [
    ...head(bucket, listing),
    xmlElement('Marker', encode(marker)),
    xmlElement('NextMarker', next === undefined ? undefined : encode(next)),
    xmlElement('IsTruncated', page.isTruncated),
    ...page.entries.map((entry) => objectXml(state, listing, entry, true)),
  ]);
}

export function listObjectsV2(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const listing = readListing(request);
  const token = request.query.get('continuation-token');
  const startAfter = request.query.get('start-after');
  const after = token === undefined ? (startAfter ?? '') : readToken(token);
  const isOwnerWanted = request.query.get('fetch-owner') === 'true';
  const page = collect(currentEntries(bucket, listing, after), listing.max);
  const last = page.entries.at(-1);
  const next = page.isTruncated && last !== undefined ? writeToken(nameOf(last)) : undefined;
  return xmlAnswer('ListBucketResult', [
    ...head(bucket, listing),
    xmlElement('KeyCount', page.entries.length),
    xmlElement('IsTruncated', page.isTruncated),
    xmlElement('ContinuationToken', token),
    xmlElement('NextContinuationToken', next),
    xmlElement('StartAfter', startAfter === undefined ? undefined : listing.encode(startAfter)),
    ...page.entries.map((entry) => objectXml(state, listing, entry, isOwnerWanted)),
  ]);
}

export function listObjectVersions(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const listing = readListing(request);
  const { encode } = listing;
  const keyMarker = request.query.get('key-marker') ?? '';
  const versionMarker = request.query.get('version-id-marker') ?? '';
  if (versionMarker !== '' && keyMarker === '') {
    throw new StoreError(
      'InvalidArgument',
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  const page = collect(versionEntries(bucket, listing, keyMarker, versionMarker), listing.max);
  const last = page.isTruncated ? page.entries.at(-1) : undefined;
  const nextVersion = last?.kind === 'version' ? last.version.versionId : undefined;
  return xmlAnswer('ListVersionsResult', [
    ...head(bucket, listing),
    xmlElement('KeyMarker', encode(keyMarker)),
    xmlElement('VersionIdMarker', versionMarker),
    xmlElement('NextKeyMarker', last === undefined ? undefined : encode(nameOf(last))),
    xmlElement('NextVersionIdMarker', nextVersion),
    xmlElement('IsTruncated', page.isTruncated),
    ...page.entries.map((entry) => versionXml(state, listing, entry)),
  ]);
}

function head(bucket: Bucket, listing: Listing): readonly XmlPiece[] {
  const { encode, delimiter } = listing;
  return [
    xmlElement('Name', bucket.name),
    xmlElement('Prefix', encode(listing.prefix)),
    xmlElement('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
    xmlElement('MaxKeys', listing.max),
    xmlElement('EncodingType', listing.encoding),
  ];
}

/** Takes one more than fits, to know whether there is more. */
function collect(entries: Iterable<Entry>, max: number): Page {
  const taken: Entry[] = [];
  if (max === 0) return { entries: taken, isTruncated: false };
  for (const entry of entries) {
    if (taken.length === max) return { entries: taken, isTruncated: true };
    taken.push(entry);
  }
  return { entries: taken, isTruncated: false };
}

function nameOf(entry: Entry): string {
  return entry.kind === 'prefix' ? entry.prefix : entry.version.key;
}

function* currentEntries(bucket: Bucket, listing: Listing, after: string): Generator<Entry> {
  const hasCurrent = (key: string): boolean => bucket.keys.current(key)?.marker === false;
  for (const name of names(bucket, listing, after, hasCurrent)) {
    if (name.kind === 'prefix') {
      yield name;
      continue;
    }
    const version = bucket.keys.current(name.key);
    if (version !== undefined) yield { kind: 'version', version, isLatest: true };
  }
}

/** With a version marker the key of the marker goes on behind that version; without it the key is done. */
function* versionEntries(
  bucket: Bucket,
  listing: Listing,
  keyMarker: string,
  versionMarker: string,
): Generator<Entry> {
  if (versionMarker !== '') {
    const history = bucket.keys.history(keyMarker).toReversed();
    const at = history.findIndex(({ versionId }) => versionId === versionMarker);
    for (const [index, version] of history.entries()) {
      // A marker version that is gone meanwhile: better the key's versions twice than some of them never.
      if (index > at) yield { kind: 'version', version, isLatest: index === 0 };
    }
  }
  for (const name of names(bucket, listing, keyMarker, () => true)) {
    if (name.kind === 'prefix') {
      yield name;
      continue;
    }
    for (const [index, version] of bucket.keys.history(name.key).toReversed().entries()) {
      yield { kind: 'version', version, isLatest: index === 0 };
    }
  }
}

type Name =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'prefix'; readonly prefix: string };

/** Keys and common prefixes in order, all of them after the marker. */
function* names(
  bucket: Bucket,
  { prefix, delimiter }: Listing,
  after: string,
  isListed: (key: string) => boolean,
): Generator<Name> {
  let behind = '';
  for (const key of bucket.keys.keysFrom(compareUtf8(after, prefix) > 0 ? after : prefix)) {
    if (!key.startsWith(prefix)) return;
    if (key === after || (behind !== '' && key.startsWith(behind)) || !isListed(key)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut === -1) {
      yield { kind: 'key', key };
      continue;
    }
    behind = key.slice(0, cut + delimiter.length);
    // A marker that is the common prefix itself, or lies behind it, means that it was listed.
    if (after.startsWith(behind)) continue;
    yield { kind: 'prefix', prefix: behind };
  }
}

function objectXml(
  state: StoreState,
  listing: Listing,
  entry: Entry,
  isOwnerWanted: boolean,
): XmlPiece {
  if (entry.kind === 'prefix') return prefixXml(listing, entry.prefix);
  const { version } = entry;
  return xmlElement('Contents', [
    xmlElement('Key', listing.encode(version.key)),
    xmlElement('LastModified', listedTime(state, version.lastModified)),
    xmlElement('ETag', `"${version.etag}"`),
    ...checksumXml(version),
    xmlElement('Size', version.content.size),
    ...(isOwnerWanted ? [ownerXml] : []),
    xmlElement('StorageClass', version.storageClass),
  ]);
}

function versionXml(state: StoreState, listing: Listing, entry: Entry): XmlPiece {
  if (entry.kind === 'prefix') return prefixXml(listing, entry.prefix);
  const { version, isLatest } = entry;
  const common = [
    xmlElement('Key', listing.encode(version.key)),
    xmlElement('VersionId', version.versionId),
    xmlElement('IsLatest', isLatest),
    xmlElement('LastModified', listedTime(state, version.lastModified)),
  ];
  if (version.marker) return xmlElement('DeleteMarker', [...common, ownerXml]);
  return xmlElement('Version', [
    ...common,
    xmlElement('ETag', `"${version.etag}"`),
    ...checksumXml(version),
    xmlElement('Size', version.content.size),
    ownerXml,
    xmlElement('StorageClass', version.storageClass),
  ]);
}

function checksumXml({ checksum }: ObjectVersion): readonly XmlPiece[] {
  if (checksum === undefined) return [];
  return [
    xmlElement('ChecksumAlgorithm', checksum.algorithm),
    xmlElement('ChecksumType', checksum.type),
  ];
}

function prefixXml(listing: Listing, prefix: string): XmlPiece {
  return xmlElement('CommonPrefixes', [xmlElement('Prefix', listing.encode(prefix))]);
}

export const ownerXml = xmlElement('Owner', [
  xmlElement('ID', 'memory'),
  xmlElement('DisplayName', 'memory'),
]);

/** S3 lists whole seconds, MinIO milliseconds. */
export function listedTime(state: StoreState, at: number): string {
  const shown = state.manner === 's3' ? Math.floor(at / 1000) * 1000 : at;
  return new Date(shown).toISOString();
}

function writeToken(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString();
  if (token === '' || writeToken(name) !== token) {
    throw new StoreError('InvalidArgument', 'The continuation token provided is incorrect');
  }
  return name;
}
