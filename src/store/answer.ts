// What an operation answers: a status, header lines, and a body that is XML or an object's bytes.

import type { XmlPiece } from '../s3/xml.ts';
import { declaration, xmlDocument, xmlElement } from '../s3/xml.ts';
import type { Content } from './content.ts';
import type { Line } from './model.ts';
import type { StoreError } from './store-error.ts';

export interface Answer {
  readonly status: number;
  readonly headers: readonly Line[];
  readonly body?: string | Content;
}

export function xmlAnswer(
  root: string,
  content: readonly XmlPiece[],
  headers: readonly Line[] = [],
): Answer {
  return {
    status: 200,
    headers: [['Content-Type', 'application/xml'], ...headers],
    body: xmlDocument(root, content),
  };
}

export function emptyAnswer(status: number, headers: readonly Line[] = []): Answer {
  return { status, headers };
}

export interface ErrorPlace {
  readonly bucket: string;
  readonly key: string;
  readonly requestId: string;
}

export function errorAnswer(error: StoreError, place: ErrorPlace): Answer {
  return {
    status: error.status,
    headers: [['Content-Type', 'application/xml'], ...error.headers],
    body: errorXml({ code: error.code, message: error.message, details: error.details }, place),
  };
}

export function errorXml(
  error: {
    readonly code: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, string>>;
  },
  place: ErrorPlace,
): string {
  const { bucket, key, requestId } = place;
  const pieces = [
    xmlElement('Code', error.code),
    xmlElement('Message', error.message),
    ...Object.entries(error.details ?? {}).map(([name, value]) => xmlElement(name, value)),
    xmlElement('BucketName', bucket === '' ? undefined : bucket),
    xmlElement('Key', key === '' ? undefined : key),
    xmlElement('Resource', key === '' ? `/${bucket}` : `/${bucket}/${key}`),
    xmlElement('RequestId', requestId),
    xmlElement('HostId', 'memory'),
  ];
  // Errors alone have no namespace, and clients insist on it.
  return `${declaration}${xmlElement('Error', pieces).xml}`;
}

/** MinIO names the error of a HEAD, which has no body to say it, in headers. */
export function withErrorLines(answer: Answer, error: StoreError): Answer {
  const lines: Line[] = [
    ['x-minio-error-code', error.code],
    ['x-minio-error-desc', `"${error.message}"`],
  ];
  return { ...answer, headers: [...answer.headers, ...lines] };
}

/** A response header's value has one byte a character; what is outside goes as the bytes of UTF-8. */
export function headerText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const httpDates = new Map<number, string>();

/** `Wed, 25 Nov 2026 07:00:00 GMT`; the last few are kept, as many answers share a second. */
export function httpDate(at: number): string {
  const second = Math.floor(at / 1000);
  const known = httpDates.get(second);
  if (known !== undefined) return known;
  const text = new Date(second * 1000).toUTCString();
  if (httpDates.size >= 64) httpDates.clear();
  httpDates.set(second, text);
  return text;
}
