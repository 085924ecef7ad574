// GetObject and HeadObject: conditions, ranges, parts, and the headers that show what an object is.

import type { Answer } from './answer.ts';
import { emptyAnswer, headerText, httpDate } from './answer.ts';
import { evaluate, readConditions } from './conditions.ts';
import type { Content } from './content.ts';
import { versionLines } from './draft.ts';
import { findBucket, findVersion } from './find.ts';
import type { Bucket, Line, ObjectVersion, StoreState } from './model.ts';
import { replicationLines } from './replicator.ts';
import type { RequestHead } from './request.ts';
import { checksumLines } from './request-body.ts';
import { StoreError } from './store-error.ts';
import { tagsToHeader } from './tags.ts';

/** For HEAD the caller sends the lines alone. */
export function readObject(state: StoreState, request: RequestHead): Answer {
  const bucket = findBucket(state, request.bucket);
  const version = findReadable(state, bucket, request);
  const verdict = evaluate(readConditions(request.headers), version);
  if (verdict === 'failed') throw new StoreError('PreconditionFailed');
  if (verdict === 'not-modified') {
    return emptyAnswer(304, [
      ['ETag', `"${version.etag}"`],
      ['Last-Modified', httpDate(version.lastModified)],
      ...versionLines(bucket, version),
    ]);
  }
  const lines = objectLines(state, bucket, version, request);
  const chosen = choose(version, request);
  return {
    status: chosen.range === undefined ? 200 : 206,
    headers: [...lines, ...chosen.lines],
    body: chosen.content,
  };
}

/** MinIO tells a replicator on a failed HEAD whether it knows any version of the key. */
function findReadable(state: StoreState, bucket: Bucket, request: RequestHead): ObjectVersion {
  try {
    return findVersion(state, bucket, request);
  } catch (error) {
    const asks =
      state.manner === 'minio' && request.headers.isTrue('x-minio-check-replication-ready');
    if (!(error instanceof StoreError) || !asks) throw error;
    if (bucket.keys.current(request.key) === undefined) throw error;
    throw new StoreError(
      error.code === 'MethodNotAllowed' ? 'MethodNotAllowed' : 'NoSuchKey',
      error.message,
      { headers: [...error.headers, ['X-Minio-Replication-Ready', 'true']] },
    );
  }
}

function objectLines(
  state: StoreState,
  bucket: Bucket,
  version: ObjectVersion,
  request: RequestHead,
): Line[] {
  const { headers, query } = request;
  const lines: Line[] = [
    ['Last-Modified', httpDate(version.lastModified)],
    ['ETag', `"${version.etag}"`],
    ['Accept-Ranges', 'bytes'],
    ...versionLines(bucket, version),
    ...overridden(version.headers, query),
    ...replicationLines(version),
  ];
  if (version.storageClass !== 'STANDARD') {
    lines.push(['x-amz-storage-class', version.storageClass]);
  }
  if (version.tags.length > 0) lines.push(['x-amz-tagging-count', String(version.tags.length)]);
  if (state.manner === 'minio' && headers.get('x-amz-tagging-directive') === 'ACCESS') {
    lines.push(['X-Amz-Tagging', tagsToHeader(version.tags)]);
  }
  if (version.retention !== undefined) {
    lines.push(
      ['x-amz-object-lock-mode', version.retention.mode],
      ['x-amz-object-lock-retain-until-date', new Date(version.retention.until).toISOString()],
    );
  }
  if (version.legalHold !== undefined) {
    lines.push(['x-amz-object-lock-legal-hold', version.legalHold ? 'ON' : 'OFF']);
  }
  return lines;
}

const overrides: Readonly<Record<string, string>> = {
  'response-content-type': 'content-type',
  'response-content-language': 'content-language',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-cache-control': 'cache-control',
  'response-expires': 'expires',
};

function overridden(headers: readonly Line[], query: ReadonlyMap<string, string>): readonly Line[] {
  if (query.size === 0) return headers;
  const lines = new Map(headers);
  for (const [parameter, name] of Object.entries(overrides)) {
    const value = query.get(parameter);
    if (value === undefined) continue;
    const text = headerText(value);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw new StoreError('InvalidArgument');
    lines.set(name, text);
  }
  return [...lines];
}

interface Chosen {
  readonly content: Content;
  readonly range: ByteRange | undefined;
  readonly lines: readonly Line[];
}

interface ByteRange {
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

/** The bytes that the request wants: all, a range, or a part. */
function choose(version: ObjectVersion, request: RequestHead): Chosen {
  const { content } = version;
  const partNumber = request.query.get('partNumber');
  const rangeText = request.headers.get('range');
  if (partNumber !== undefined && rangeText !== undefined) {
    throw new StoreError('InvalidRequest', 'Cannot specify both Range header and partNumber');
  }
  const lines: Line[] = [];
  let checksum = version.checksum;
  let range: ByteRange | undefined;
  if (partNumber !== undefined) {
    const part = partRange(version, partNumber);
    range = part.range;
    checksum = part.checksum;
    if (version.parts !== undefined) {
      lines.push(['x-amz-mp-parts-count', String(version.parts.length)]);
    }
  } else if (rangeText !== undefined) {
    range = parseRange(rangeText, content.size);
  }
  if (request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    // Of a range that is not a part nothing was computed.
    if (range === undefined || partNumber !== undefined) lines.push(...checksumLines(checksum));
  }
  if (range === undefined) return { content, range, lines };
  // The whole of an empty object cannot be written as a range.
  if (content.size > 0) {
    lines.push(['Content-Range', `bytes ${range.start}-${range.end - 1}/${content.size}`]);
  }
  return { content: content.slice(range.start, range.end), range, lines };
}

function partRange(
  version: ObjectVersion,
  text: string,
): { range: ByteRange; checksum: ObjectVersion['checksum'] } {
  const wanted = Number(text);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 10_000) {
    throw new StoreError(
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  if (version.parts === undefined) {
    if (wanted !== 1) throw new StoreError('InvalidPartNumber');
    return { range: { start: 0, end: version.content.size }, checksum: version.checksum };
  }
  let start = 0;
  for (const [index, part] of version.parts.entries()) {
    if (index + 1 === wanted) {
      return { range: { start, end: start + part.size }, checksum: part.checksum };
    }
    start += part.size;
  }
  throw new StoreError('InvalidPartNumber');
}

/** A range that S3 does not understand (several, other units) is as if it were not there. */
export function parseRange(text: string, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= size || (first === '' && Number(last) === 0)) {
    throw new StoreError('InvalidRange', undefined, {
      headers: [['Content-Range', `bytes */${size}`]],
      details: { ActualObjectSize: String(size), RangeRequested: text },
    });
  }
  return { start, end };
}
