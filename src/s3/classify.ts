// What a request is, from its head alone: operation, bucket, key, version. Pure, and never a gatekeeper: what is
// not recognised is `Unknown` and passes.

import { decodePath } from './path.ts';

/** AWS's action names, as far as the sidecar or its metrics tell them apart. */
export type Operation =
  | 'PutObject'
  | 'CopyObject'
  | 'CompleteMultipartUpload'
  | 'PostObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'PutObjectTagging'
  | 'DeleteObjectTagging'
  | 'PutObjectRetention'
  | 'PutObjectLegalHold'
  | 'GetObject'
  | 'HeadObject'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CreateMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListObjects'
  | 'ListObjectVersions'
  | 'OtherRead'
  | 'OtherWrite'
  /** A write on a key that no list here knows: it may change the object. */
  | 'UnknownWrite';

export interface RequestFacts {
  readonly operation: Operation;
  readonly bucket?: string;
  /** Decoded; undefined also where the path's bytes are not UTF-8 (then `keyIsOpaque`). */
  readonly key?: string;
  readonly keyIsOpaque: boolean;
  readonly versionId?: string;
  readonly uploadId?: string;
}

export interface ClassifyInput {
  readonly method: string;
  /** Raw, as on the wire (latin1). */
  readonly target: string;
  readonly host: string;
  /** The first value of a header, by lower-case name. */
  header(name: string): string | undefined;
}

/** @param domains base domains of virtual-host style requests, lower case. */
export function classify(input: ClassifyInput, domains: readonly string[]): RequestFacts {
  const { path, query } = split(input.target);
  const address = locate(path, bucketOfHost(input.host, domains));
  const parameters = new Parameters(query);
  const hasKey = address.key !== undefined || address.keyIsOpaque;
  const operation = hasKey
    ? objectOperation(input, parameters)
    : bucketOperation(input, parameters, address.bucket);
  const versionId = parameters.get('versionId');
  const uploadId = parameters.get('uploadId');
  return {
    operation,
    ...address,
    ...(versionId === undefined || versionId === '' ? {} : { versionId }),
    ...(uploadId === undefined ? {} : { uploadId }),
  };
}

/**
 * The first label of a Host that looks virtual-host style although no domain is configured for it; undefined
 * for addresses, single labels and hosts below a known domain.
 */
export function strangeHostLabel(host: string, domains: readonly string[]): string | undefined {
  const name = hostName(host);
  if (bucketOfHost(host, domains) !== undefined || domains.includes(name)) return undefined;
  if (/^[\d.]+$/.test(name) || name.startsWith('[')) return undefined;
  const dot = name.indexOf('.');
  return dot <= 0 ? undefined : name.slice(0, dot);
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function bucketOfHost(host: string, domains: readonly string[]): string | undefined {
  if (domains.length === 0) return undefined;
  const name = hostName(host);
  for (const domain of domains) {
    if (name.endsWith(`.${domain}`)) return name.slice(0, -domain.length - 1);
  }
  return undefined;
}

function split(target: string): { path: string; query: string } {
  const relative = target.startsWith('/') ? target : withoutAuthority(target);
  const mark = relative.indexOf('?');
  if (mark === -1) return { path: relative, query: '' };
  return { path: relative.slice(0, mark), query: relative.slice(mark + 1) };
}

/** Absolute form (RFC 9112 section 3.2.2): what follows the authority. */
function withoutAuthority(target: string): string {
  const found = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*(.*)$/.exec(target);
  const rest = found?.[1];
  if (rest === undefined) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

interface Address {
  readonly bucket?: string;
  readonly key?: string;
  readonly keyIsOpaque: boolean;
}

function locate(path: string, hostBucket: string | undefined): Address {
  if (!path.startsWith('/')) return { keyIsOpaque: false };
  if (hostBucket !== undefined) return { bucket: hostBucket, ...keyOf(path.slice(1)) };
  const slash = path.indexOf('/', 1);
  const bucket = decodePath(slash === -1 ? path.slice(1) : path.slice(1, slash));
  if (bucket === undefined || bucket === '') return { keyIsOpaque: false };
  return { bucket, ...keyOf(slash === -1 ? '' : path.slice(slash + 1)) };
}

function keyOf(raw: string): { key?: string; keyIsOpaque: boolean } {
  if (raw === '') return { keyIsOpaque: false };
  const key = decodePath(raw);
  return key === undefined ? { keyIsOpaque: true } : { key, keyIsOpaque: false };
}

/** The query's parameters, decoded when asked for. */
class Parameters {
  readonly names: ReadonlySet<string>;
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
    this.names = query === '' ? none : new Set(query.split('&').map((pair) => nameOf(pair)));
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  get(name: string): string | undefined {
    if (!this.names.has(name)) return undefined;
    const pair = this.#query.split('&').find((candidate) => nameOf(candidate) === name) ?? '';
    const equals = pair.indexOf('=');
    return equals === -1 ? '' : decodePath(pair.slice(equals + 1));
  }
}

const none: ReadonlySet<string> = new Set();

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  const raw = equals === -1 ? pair : pair.slice(0, equals);
  return decodePath(raw) ?? raw;
}

/** Parameters that say nothing about what a write does: presigned signatures, and the SDKs' own labels. */
function isHarmless(name: string): boolean {
  return /^(x-id|x-amz-.*|awsaccesskeyid|signature|expires)$/i.test(name);
}

function objectOperation(input: ClassifyInput, parameters: Parameters): Operation {
  const { method } = input;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') {
    return readOperation(method, parameters);
  }
  const telling = [...parameters.names].filter((name) => !isHarmless(name)).toSorted();
  const known = objectWrites.get(`${method} ${telling.join('&')}`);
  if (known === undefined) return 'UnknownWrite';
  if (input.header('x-amz-copy-source') === undefined) return known;
  if (known === 'PutObject') return 'CopyObject';
  return known === 'UploadPart' ? 'UploadPartCopy' : known;
}

/** Method and telling parameters, in order of their names. */
const objectWrites: ReadonlyMap<string, Operation> = new Map([
  ['PUT ', 'PutObject'],
  ['PUT versionId', 'PutObject'],
  ['PUT partNumber&uploadId', 'UploadPart'],
  ['POST uploads', 'CreateMultipartUpload'],
  ['POST uploadId', 'CompleteMultipartUpload'],
  ['POST uploadId&versionId', 'CompleteMultipartUpload'],
  ['DELETE ', 'DeleteObject'],
  ['DELETE versionId', 'DeleteObject'],
  ['DELETE uploadId', 'AbortMultipartUpload'],
  ['PUT tagging', 'PutObjectTagging'],
  ['PUT tagging&versionId', 'PutObjectTagging'],
  ['DELETE tagging', 'DeleteObjectTagging'],
  ['DELETE tagging&versionId', 'DeleteObjectTagging'],
  ['PUT retention', 'PutObjectRetention'],
  ['PUT retention&versionId', 'PutObjectRetention'],
  ['PUT legal-hold', 'PutObjectLegalHold'],
  ['PUT legal-hold&versionId', 'PutObjectLegalHold'],
  ['PUT acl', 'OtherWrite'],
  ['PUT acl&versionId', 'OtherWrite'],
  ['POST restore', 'OtherWrite'],
  ['POST restore&versionId', 'OtherWrite'],
  ['POST select&select-type', 'OtherWrite'],
]);

function readOperation(method: string, parameters: Parameters): Operation {
  const plain = [...parameters.names].every(
    (name) =>
      name === 'versionId' ||
      name === 'partNumber' ||
      name.startsWith('response-') ||
      isHarmless(name),
  );
  if (!plain) return 'OtherRead';
  if (method === 'HEAD') return 'HeadObject';
  return method === 'GET' ? 'GetObject' : 'OtherRead';
}

function bucketOperation(
  input: ClassifyInput,
  parameters: Parameters,
  bucket: string | undefined,
): Operation {
  const { method } = input;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') {
    if (method !== 'GET' || bucket === undefined) return 'OtherRead';
    if (parameters.has('versions')) return 'ListObjectVersions';
    const lists =
      parameters.has('list-type') || [...parameters.names].every((name) => listing.has(name));
    return lists ? 'ListObjects' : 'OtherRead';
  }
  if (method !== 'POST' || bucket === undefined) return 'OtherWrite';
  if (parameters.has('delete')) return 'DeleteObjects';
  const form = /^multipart\/form-data\b/i.test(input.header('content-type') ?? '');
  return form ? 'PostObject' : 'OtherWrite';
}

const listing: ReadonlySet<string> = new Set([
  'prefix',
  'delimiter',
  'marker',
  'max-keys',
  'encoding-type',
]);
