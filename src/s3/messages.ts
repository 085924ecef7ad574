// The XML bodies that say what a write was about: DeleteObjects, CompleteMultipartUpload, CopyObject.
// Each parser takes the bytes as they stood on the wire (transfer and aws-chunked coding removed).

import type { XmlElement } from './xml.ts';
import { childOf, childrenOf, parseXml, textOf } from './xml.ts';

export interface ObjectName {
  readonly key: string;
  readonly versionId?: string;
}

export interface DeleteRequest {
  readonly quiet: boolean;
  /** In the request's order; a key may occur twice. */
  readonly objects: readonly ObjectName[];
}

/** The body of DeleteObjects. Throws `malformed-xml`. */
export function parseDeleteRequest(bytes: Buffer): DeleteRequest {
  const root = rootOf(bytes);
  return {
    quiet: textOf(root, 'Quiet')?.trim() === 'true',
    objects: childrenOf(root, 'Object').map((object) => objectName(object)),
  };
}

function objectName(element: XmlElement): ObjectName {
  const versionId = textOf(element, 'VersionId');
  const key = textOf(element, 'Key') ?? '';
  return versionId === undefined || versionId === '' ? { key } : { key, versionId };
}

export interface DeletedObject extends ObjectName {
  /** Whether a marker was made (without a version in the request) or removed (with one). */
  readonly marker: boolean;
  readonly markerVersionId?: string;
}

export interface DeleteResult {
  readonly deleted: readonly DeletedObject[];
  readonly errors: readonly (ObjectName & { readonly code: string })[];
}

/** The answer to DeleteObjects; undefined where it is an error instead. */
export function parseDeleteResult(bytes: Buffer): DeleteResult | undefined {
  const root = rootOf(bytes);
  if (root.name !== 'DeleteResult') return undefined;
  return {
    deleted: childrenOf(root, 'Deleted').map((element) => {
      const markerVersionId = textOf(element, 'DeleteMarkerVersionId');
      const marker = textOf(element, 'DeleteMarker') === 'true';
      const facts = markerVersionId === undefined ? { marker } : { marker, markerVersionId };
      return Object.assign(objectName(element), facts);
    }),
    errors: childrenOf(root, 'Error').map((element) =>
      Object.assign(objectName(element), { code: textOf(element, 'Code') ?? 'Unknown' }),
    ),
  };
}

/** The part numbers that a CompleteMultipartUpload names, in order. Throws `malformed-xml`. */
export function parseCompleteRequest(bytes: Buffer): readonly number[] {
  return childrenOf(rootOf(bytes), 'Part').map((part) => Number(textOf(part, 'PartNumber')));
}

export interface WriteResult {
  /** Without quotes. */
  readonly etag?: string;
  /** Set where the 200 holds an `<Error>` after all. */
  readonly error?: string;
}

/** The answer to CompleteMultipartUpload or CopyObject: a 200 proves nothing before its body is read. */
export function parseWriteResult(bytes: Buffer): WriteResult {
  const root = rootOf(bytes);
  if (root.name === 'Error') return { error: textOf(root, 'Code') ?? 'Unknown' };
  const etag = childOf(root, 'ETag')?.text.trim().replaceAll('"', '');
  return etag === undefined ? {} : { etag };
}

/** Stores keep a slow answer alive with white space before the document. */
function rootOf(bytes: Buffer): XmlElement {
  let start = 0;
  while (start < bytes.length && isSpace(bytes[start])) start += 1;
  return parseXml(bytes.subarray(start));
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
