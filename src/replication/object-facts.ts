// What an object is, read from the headers of one answer to GET or HEAD, and the header lines by which it is made
// again elsewhere. Pure.

import { SidecarError } from '../errors.ts';
import type { ChecksumAlgorithm, ChecksumType } from '../s3/checksums.ts';
import { checksumAlgorithms, checksumHeader } from '../s3/checksums.ts';
import type { AnswerHeaders, HeaderPair } from '../s3/client.ts';

export interface ObjectChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; of a composite one with `-N`. */
  readonly value: string;
  readonly type: ChecksumType;
}

export interface ObjectFacts {
  /** Without quotes. */
  readonly etag: string;
  /** The ETag, where it is the MD5 of the bytes. */
  readonly md5: string | undefined;
  /** Whether the ETag is made of the MD5s of the parts. */
  readonly isMd5OfParts: boolean;
  /** Undefined where the answer named no length. */
  readonly size: number | undefined;
  /** ms since the epoch, to the second. */
  readonly lastModified: number;
  /** The id in the answer, if any. */
  readonly versionId: string | undefined;
  /** Content headers, user metadata, storage class, locks: as they are sent on. */
  readonly headers: readonly HeaderPair[];
  readonly checksums: readonly ObjectChecksum[];
  readonly tagCount: number;
  readonly lock: ObjectLock;
}

export interface ObjectLock {
  readonly mode: string | undefined;
  /** As it stood in the header. */
  readonly retainUntil: string | undefined;
  readonly legalHold: string | undefined;
}

const carried = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
];

export function readFacts(headers: AnswerHeaders, now: number): ObjectFacts {
  const etag = (one(headers, 'etag') ?? '').replaceAll('"', '');
  const lock = {
    mode: one(headers, 'x-amz-object-lock-mode'),
    retainUntil: one(headers, 'x-amz-object-lock-retain-until-date'),
    legalHold: one(headers, 'x-amz-object-lock-legal-hold'),
  };
  const length = one(headers, 'content-length');
  return {
    etag,
    md5: isMd5(etag) && !hasForeignEtag(headers) ? etag : undefined,
    isMd5OfParts: partCount(etag) !== undefined && !hasForeignEtag(headers),
    size: length === undefined ? undefined : Number(length),
    lastModified: lastModified(headers),
    versionId: one(headers, 'x-amz-version-id'),
    headers: [...readContentLines(headers), ...storageClass(headers), ...lockLines(lock, now)],
    checksums: checksumsOf(headers),
    tagCount: Number(one(headers, 'x-amz-tagging-count') ?? 0),
    lock,
  };
}

/** Content headers and user metadata: what the client said of the bytes. */
export function readContentLines(headers: AnswerHeaders): readonly HeaderPair[] {
  return [
    ...carried.flatMap((name) => all(headers, name)),
    ...contentEncoding(headers),
    ...userMetadata(headers),
  ];
}

export function isContentLine(name: string): boolean {
  return carried.includes(name) || name === 'content-encoding' || name.startsWith('x-amz-meta-');
}

export function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/.test(etag);
}

/** How many parts the object was uploaded in, by its ETag; undefined for one that came whole. */
export function partCount(etag: string): number | undefined {
  const match = /^[0-9a-f]{32}-(\d{1,5})$/.exec(etag);
  return match === null ? undefined : Number(match[1]);
}

/** Objects encrypted with keys of a key service or the customer have ETags that are no MD5 of their bytes. */
export function hasForeignEtag(headers: AnswerHeaders): boolean {
  const encryption = one(headers, 'x-amz-server-side-encryption') ?? '';
  const isCustomers = one(headers, 'x-amz-server-side-encryption-customer-algorithm') !== undefined;
  return isCustomers || encryption.startsWith('aws:');
}

/** The first line of that name. */
export function one(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function all(headers: AnswerHeaders, name: string): readonly HeaderPair[] {
  const value = headers[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((line) => ({ name, value: line }));
}

function lastModified(headers: AnswerHeaders): number {
  const text = one(headers, 'last-modified') ?? '';
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw new SidecarError(`the source says of an object that it was modified at "${text}"`, {
    code: 'source-nonsense',
    retryable: true,
  });
}

/** `aws-chunked` was a matter of the upload; some stores keep it by mistake. */
function contentEncoding(headers: AnswerHeaders): readonly HeaderPair[] {
  const codings = all(headers, 'content-encoding')
    .flatMap(({ value }) => value.split(','))
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked');
  return codings.length === 0 ? [] : [{ name: 'content-encoding', value: codings.join(',') }];
}

function userMetadata(headers: AnswerHeaders): readonly HeaderPair[] {
  return Object.keys(headers)
    .filter((name) => name.startsWith('x-amz-meta-'))
    .flatMap((name) => all(headers, name));
}

function storageClass(headers: AnswerHeaders): readonly HeaderPair[] {
  return all(headers, 'x-amz-storage-class').filter(({ value }) => value !== 'STANDARD');
}

/** A retention that ran out locks nothing any more, and stores refuse dates that are past. */
function lockLines({ mode, retainUntil, legalHold }: ObjectLock, now: number): HeaderPair[] {
  const lines: HeaderPair[] = [];
  if (mode !== undefined && retainUntil !== undefined && Date.parse(retainUntil) > now) {
    lines.push({ name: 'x-amz-object-lock-mode', value: mode });
    lines.push({ name: 'x-amz-object-lock-retain-until-date', value: retainUntil });
  }
  if (legalHold !== undefined) {
    lines.push({ name: 'x-amz-object-lock-legal-hold', value: legalHold });
  }
  return lines;
}

function checksumsOf(headers: AnswerHeaders): readonly ObjectChecksum[] {
  const named = one(headers, 'x-amz-checksum-type')?.toUpperCase();
  return checksumAlgorithms.flatMap((algorithm) => {
    const value = one(headers, checksumHeader(algorithm));
    if (value === undefined || value === '') return [];
    const isComposite = named === 'COMPOSITE' || /-\d+$/.test(value);
    return [{ algorithm, value, type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT' }];
  });
}
