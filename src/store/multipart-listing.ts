// ListParts and ListMultipartUploads.

import { xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { xmlAnswer } from './answer.ts';
import { findBucket } from './find.ts';
import { compareUtf8 } from './keyspace.ts';
import { listedTime, ownerXml, urlEncode } from './listing.ts';
import type { StoreState } from './model.ts';
import { findUpload, partChecksumXml } from './multipart.ts';
import type { StoreRequest } from './request.ts';
import { StoreError } from './store-error.ts';

const maxDefault = 1000;

export function listParts(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const upload = findUpload(bucket, request);
  const after = readCount(request, 'part-number-marker', 0);
  const max = Math.min(readCount(request, 'max-parts', maxDefault), maxDefault);
  const rest = [...upload.parts.values()]
    .filter((part) => part.number > after)
    .toSorted((a, b) => a.number - b.number);
  const page = rest.slice(0, max);
  return xmlAnswer('ListPartsResult', [
    xmlElement('Bucket', bucket.name),
    xmlElement('Key', upload.key),
    xmlElement('UploadId', upload.id),
    xmlElement('PartNumberMarker', after),
    xmlElement('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    xmlElement('MaxParts', max),
    xmlElement('IsTruncated', rest.length > page.length),
    ...page.map((part) =>
      xmlElement('Part', [
        xmlElement('PartNumber', part.number),
        xmlElement('LastModified', listedTime(state, part.lastModified)),
        xmlElement('ETag', `"${part.etag}"`),
        xmlElement('Size', part.content.size),
        ...partChecksumXml(part.checksum),
      ]),
    ),
    ownerXml,
    xmlElement('StorageClass', upload.draft.storageClass),
    xmlElement('ChecksumAlgorithm', upload.checksumAlgorithm),
    xmlElement('ChecksumType', upload.checksumType),
  ]);
}

export function listMultipartUploads(state: StoreState, request: StoreRequest): Answer {
  const { query } = request;
  const bucket = findBucket(state, request.bucket);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const max = Math.min(readCount(request, 'max-uploads', maxDefault), maxDefault);
  const encode = query.get('encoding-type') === 'url' ? urlEncode : (text: string) => text;
  const all = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .toSorted((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id))
    .filter(({ key, id }) => {
      const order = compareUtf8(key, keyMarker);
      return order > 0 || (order === 0 && idMarker !== '' && compareUtf8(id, idMarker) > 0);
    });
  const prefixes = new Set<string>();
  const uploads = all.filter(({ key }) => {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut !== -1) prefixes.add(key.slice(0, cut + delimiter.length));
    return cut === -1;
  });
  const page = uploads.slice(0, max);
  const isTruncated = uploads.length > page.length;
  const last = isTruncated ? page.at(-1) : undefined;
  return xmlAnswer('ListMultipartUploadsResult', [
    xmlElement('Bucket', bucket.name),
    xmlElement('KeyMarker', encode(keyMarker)),
    xmlElement('UploadIdMarker', idMarker),
    xmlElement('NextKeyMarker', last === undefined ? undefined : encode(last.key)),
    xmlElement('NextUploadIdMarker', last?.id),
    xmlElement('Prefix', encode(prefix)),
    xmlElement('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
    xmlElement('MaxUploads', max),
    xmlElement('EncodingType', query.get('encoding-type')),
    xmlElement('IsTruncated', isTruncated),
    ...page.map((upload) =>
      xmlElement('Upload', [
        xmlElement('Key', encode(upload.key)),
        xmlElement('UploadId', upload.id),
        ownerXml,
        xmlElement('StorageClass', upload.draft.storageClass),
        xmlElement('Initiated', listedTime(state, upload.initiated)),
        xmlElement('ChecksumAlgorithm', upload.checksumAlgorithm),
        xmlElement('ChecksumType', upload.checksumType),
      ]),
    ),
    ...[...prefixes].map((common) =>
      xmlElement('CommonPrefixes', [xmlElement('Prefix', encode(common))]),
    ),
  ]);
}

function readCount(request: StoreRequest, name: string, otherwise: number): number {
  const text = request.query.get(name);
  if (text === undefined || text === '') return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) {
    throw new StoreError('InvalidArgument', `Argument ${name} must be an integer`);
  }
  return count;
}
