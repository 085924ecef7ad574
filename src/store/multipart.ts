// Multipart uploads: begun, filled part by part, completed or aborted.

import { hash } from 'node:crypto';
import type { ChecksumType } from '../s3/checksums.ts';
import {
  checksumAlgorithm,
  checksumAlgorithms,
  checksumElement,
  checksumHeader,
  checksumTypeAllowed,
  compositeChecksum,
  defaultChecksumType,
} from '../s3/checksums.ts';
import { childrenOf, textOf, xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, xmlAnswer } from './answer.ts';
import { checkWriteConditions } from './conditions.ts';
import type { Content } from './content.ts';
import { contentHash, joinContents } from './content.ts';
import { checkLockedHasDigest, commitVersion, readDraft, versionLines } from './draft.ts';
import { findBucket } from './find.ts';
import { mintUploadId } from './ids.ts';
import { listedTime } from './listing.ts';
import type { Bucket, Line, StoredChecksum, StoreState, Upload, UploadedPart } from './model.ts';
import { parseRange } from './read-object.ts';
import { checkNotThere, readDictated } from './replicator.ts';
import type { StoreRequest } from './request.ts';
import { checksumLines, contentChecksum } from './request-body.ts';
import { StoreError } from './store-error.ts';
import { readXml } from './tags.ts';
import { findCopySource } from './write-object.ts';

export function createMultipartUpload(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const draft = readDraft(state, bucket, request);
  const named = request.headers.get('x-amz-checksum-algorithm');
  const algorithm = named === undefined ? undefined : checksumAlgorithm(named);
  if (named !== undefined && algorithm === undefined) {
    throw new StoreError('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  }
  const type = readChecksumType(request, algorithm);
  const upload: Upload = {
    id: mintUploadId(),
    key: request.key,
    initiated: state.now(),
    draft,
    checksumAlgorithm: algorithm,
    checksumType: type,
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  const lines: Line[] = [];
  if (algorithm !== undefined) lines.push(['x-amz-checksum-algorithm', algorithm]);
  if (type !== undefined) lines.push(['x-amz-checksum-type', type]);
  return xmlAnswer(
    'InitiateMultipartUploadResult',
    [
      xmlElement('Bucket', bucket.name),
      xmlElement('Key', upload.key),
      xmlElement('UploadId', upload.id),
    ],
    lines,
  );
}

function readChecksumType(
  request: StoreRequest,
  algorithm: Upload['checksumAlgorithm'],
): ChecksumType | undefined {
  const text = request.headers.get('x-amz-checksum-type')?.toUpperCase();
  if (algorithm === undefined) {
    if (text === undefined) return undefined;
    throw new StoreError(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const type = text ?? defaultChecksumType(algorithm);
  const isKnown = type === 'COMPOSITE' || type === 'FULL_OBJECT';
  if (isKnown && checksumTypeAllowed(algorithm, type)) return type;
  throw new StoreError(
    'InvalidRequest',
    `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
  );
}

export function findUpload(bucket: Bucket, request: StoreRequest): Upload {
  const upload = bucket.uploads.get(request.query.get('uploadId') ?? '');
  if (upload === undefined || upload.key !== request.key) throw new StoreError('NoSuchUpload');
  return upload;
}

export function uploadPart(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const upload = findUpload(bucket, request);
  const { checksum, content } = request;
  const wanted = upload.checksumAlgorithm;
  if (wanted !== undefined && checksum !== undefined && checksum.algorithm !== wanted) {
    throw new StoreError(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${wanted}, actual checksum Type: ${checksum.algorithm}`,
    );
  }
  const part = addPart(state, upload, request, { content, checksum });
  return emptyAnswer(200, [['ETag', `"${part.etag}"`], ...partChecksumLines(part)]);
}

/** A part shows its checksum without a type. */
function partChecksumLines(part: UploadedPart): readonly Line[] {
  return checksumLines(part.checksum).slice(0, 1);
}

export function uploadPartCopy(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const upload = findUpload(bucket, request);
  const source = findCopySource(state, request);
  const rangeText = request.headers.get('x-amz-copy-source-range');
  let { content } = source.version;
  if (rangeText !== undefined) {
    const range = /^bytes=\d+-\d+$/.test(rangeText)
      ? parseRange(rangeText, content.size)
      : undefined;
    if (range === undefined) {
      throw new StoreError(
        'InvalidArgument',
        'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      );
    }
    content = content.slice(range.start, range.end);
  }
  const part = addPart(state, upload, request, { content, checksum: undefined });
  const lines: Line[] = [];
  if (source.bucket.versioning !== 'off') {
    lines.push(['x-amz-copy-source-version-id', source.version.versionId]);
  }
  return xmlAnswer(
    'CopyPartResult',
    [
      xmlElement('LastModified', listedTime(state, part.lastModified)),
      xmlElement('ETag', `"${part.etag}"`),
      ...partChecksumXml(part.checksum),
    ],
    lines,
  );
}

function addPart(
  state: StoreState,
  upload: Upload,
  request: StoreRequest,
  bytes: { readonly content: Content; readonly checksum: StoredChecksum | undefined },
): UploadedPart {
  const number = Number(request.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new StoreError(
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  const { content } = bytes;
  const algorithm = upload.checksumAlgorithm;
  const checksum =
    bytes.checksum ??
    (algorithm === undefined
      ? undefined
      : { algorithm, type: 'FULL_OBJECT' as const, value: contentChecksum(algorithm, content) });
  const part: UploadedPart = {
    number,
    content,
    etag: contentHash(content, 'md5', 'hex'),
    lastModified: state.now(),
    checksum,
  };
  upload.parts.set(number, part);
  return part;
}

export function partChecksumXml(checksum: StoredChecksum | undefined) {
  if (checksum === undefined) return [];
  return [xmlElement(checksumElement(checksum.algorithm), checksum.value)];
}

export function completeMultipartUpload(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const upload = findUpload(bucket, request);
  const parts = namedParts(state, upload, request);
  const dictated = readDictated(state, bucket, request);
  const draft = {
    ...upload.draft,
    lastModified: dictated.lastModified ?? upload.draft.lastModified,
    replicationStatus: dictated.replicationStatus ?? upload.draft.replicationStatus,
  };
  checkNotThere(bucket, upload.key, draft);
  checkWriteConditions(state.manner, request.headers, bucket.keys.current(upload.key));
  const content = joinContents(parts.map((part) => part.content));
  const checksum = objectChecksum(upload, parts, content);
  checkObjectChecksum(request, checksum);
  if (checksum !== undefined) checkLockedHasDigest(state, request, draft, checksum);
  const digests = Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex')));
  const version = commitVersion(state, bucket, upload.key, {
    draft,
    bytes: {
      content,
      etag: `${hash('md5', digests, 'hex')}-${parts.length}`,
      checksum,
      parts: parts.map(({ number, content: { size }, checksum: sum }) => ({
        number,
        size,
        checksum: sum,
      })),
    },
  });
  bucket.uploads.delete(upload.id);
  return xmlAnswer(
    'CompleteMultipartUploadResult',
    [
      xmlElement('Location', `http://localhost/${bucket.name}/${encodeURI(upload.key)}`),
      xmlElement('Bucket', bucket.name),
      xmlElement('Key', upload.key),
      xmlElement('ETag', `"${version.etag}"`),
      ...partChecksumXml(checksum),
      xmlElement('ChecksumType', checksum?.type),
    ],
    versionLines(bucket, version),
  );
}

/** The parts that the completion names, which need not be all that were uploaded. */
function namedParts(
  state: StoreState,
  upload: Upload,
  request: StoreRequest,
): readonly UploadedPart[] {
  const named = childrenOf(readXml(request.content, 'CompleteMultipartUpload'), 'Part');
  if (named.length === 0) throw new StoreError('MalformedXML');
  let before = 0;
  const parts = named.map((element) => {
    const number = Number(textOf(element, 'PartNumber'));
    if (!Number.isInteger(number) || number < 1) throw new StoreError('MalformedXML');
    if (number <= before) throw new StoreError('InvalidPartOrder');
    before = number;
    const part = upload.parts.get(number);
    const etag = textOf(element, 'ETag')?.trim().replaceAll('"', '');
    if (part === undefined || part.etag !== etag) {
      throw new StoreError('InvalidPart', undefined, { details: { PartNumber: String(number) } });
    }
    for (const algorithm of checksumAlgorithms) {
      const value = textOf(element, checksumElement(algorithm));
      if (value !== undefined && value !== part.checksum?.value) {
        throw new StoreError('InvalidPart', undefined, { details: { PartNumber: String(number) } });
      }
    }
    return part;
  });
  for (const part of parts.slice(0, -1)) {
    if (part.content.size < state.partSizeMin) {
      throw new StoreError('EntityTooSmall', undefined, {
        details: { ProposedSize: String(part.content.size), PartNumber: String(part.number) },
      });
    }
  }
  return parts;
}

function objectChecksum(
  upload: Upload,
  parts: readonly UploadedPart[],
  content: Content,
): StoredChecksum | undefined {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload;
  if (algorithm === undefined || type === undefined) return undefined;
  if (type === 'FULL_OBJECT')
    return { algorithm, type, value: contentChecksum(algorithm, content) };
  const values = parts.map((part) => part.checksum?.value ?? '');
  return { algorithm, type, value: compositeChecksum(algorithm, values) };
}

/** The completion may say what the object's checksum is; for COMPOSITE with or without the number of parts. */
function checkObjectChecksum(request: StoreRequest, checksum: StoredChecksum | undefined): void {
  if (checksum === undefined) return;
  const given = request.headers.get(checksumHeader(checksum.algorithm));
  if (given === undefined || given === checksum.value) return;
  if (given === checksum.value.replace(/-\d+$/, '')) return;
  throw new StoreError('BadDigest');
}

export function abortMultipartUpload(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  bucket.uploads.delete(findUpload(bucket, request).id);
  return emptyAnswer(204);
}
