// A multipart/form-data body as browsers send it: fields, then one file.

import type { Content } from './content.ts';
import { StoreError } from './store-error.ts';

export interface FormData {
  /** By lower-case name, as UTF-8 text. All that stand before the file. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  readonly file: Buffer;
}

const fieldsBytesMax = 1024 * 1024;

export function parseForm(content: Content, contentType: string): FormData {
  const boundary = /boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) throw new StoreError('MalformedPOSTRequest');
  const delimiter = Buffer.from(`\r\n--${name}`);
  // A line end in front makes the first delimiter look like the others.
  const body = Buffer.concat([Buffer.from('\r\n'), content.bytes()]);
  const fields = new Map<string, string>();
  let fieldsBytes = 0;
  let at = body.indexOf(delimiter);
  while (at !== -1) {
    const start = at + delimiter.length;
    if (body.toString('latin1', start, start + 2) === '--') break;
    const end = body.indexOf(delimiter, start);
    if (end === -1) throw new StoreError('MalformedPOSTRequest');
    const part = parsePart(body.subarray(start, end));
    if (part.name === 'file') return { fields, fileName: part.fileName, file: part.value };
    fieldsBytes += part.value.length;
    if (fieldsBytes > fieldsBytesMax) throw new StoreError('MalformedPOSTRequest');
    fields.set(part.name, part.value.toString());
    at = end;
  }
  throw new StoreError('InvalidArgument', 'POST requires exactly one file upload per request.');
}

function parsePart(part: Buffer): { name: string; fileName: string; value: Buffer } {
  const blank = part.indexOf('\r\n\r\n');
  if (blank === -1) throw new StoreError('MalformedPOSTRequest');
  const head = part.toString('utf8', 0, blank);
  const name = /;\s*name="([^"]*)"/i.exec(head)?.[1] ?? /;\s*name=([^\s;]+)/i.exec(head)?.[1];
  const fileName = /;\s*filename="([^"]*)"/i.exec(head)?.[1] ?? '';
  if (name === undefined) throw new StoreError('MalformedPOSTRequest');
  return { name: name.toLowerCase(), fileName, value: part.subarray(blank + 4) };
}
