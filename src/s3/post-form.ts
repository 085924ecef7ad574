// The fields of a browser's form upload (S3 API, "POST Object"): multipart/form-data (RFC 7578) whose `file` part
// comes last. Only the fields before it are read, to learn the key.

export type FormKey =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'key'; readonly key: string }
  /** No key can be read from it; the store will refuse it, or knows better than we do. */
  | { readonly kind: 'unreadable' };

/** Looks for the key in the first bytes of the body; `incomplete` while the file part has not begun. */
export function keyOfForm(contentType: string, prefix: Buffer): FormKey {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return { kind: 'unreadable' };
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  let key: string | undefined;
  let at = prefix.indexOf(delimiter);
  while (at !== -1) {
    const start = at + delimiter.length;
    if (prefix.subarray(start, start + 2).toString('latin1') === '--')
      return { kind: 'unreadable' };
    const headEnd = prefix.indexOf('\r\n\r\n', start);
    if (headEnd === -1) return { kind: 'incomplete' };
    const part = partOf(prefix.toString('utf8', start, headEnd));
    if (part.name?.toLowerCase() === 'file') return finish(key, part.fileName);
    const end = prefix.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), headEnd + 2);
    if (end === -1) return { kind: 'incomplete' };
    if (part.name?.toLowerCase() === 'key') key = prefix.toString('utf8', headEnd + 4, end);
    at = end + 2;
  }
  return { kind: 'incomplete' };
}

function finish(key: string | undefined, fileName: string | undefined): FormKey {
  if (key === undefined || key === '') return { kind: 'unreadable' };
  // Without the function form `$` sequences of a file's name would be expanded.
  return { kind: 'key', key: key.replaceAll('${filename}', () => fileName ?? '') };
}

function boundaryOf(contentType: string): string | undefined {
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return found?.[1] ?? found?.[2];
}

function partOf(head: string): { name: string | undefined; fileName: string | undefined } {
  const line = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
  return { name: parameter(line, 'name'), fileName: baseName(parameter(line, 'filename')) };
}

function parameter(line: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"((?:\\\\"|[^"])*)"|([^\\s;]+))`, 'i').exec(line);
  return (found?.[1] ?? found?.[2])?.replaceAll('\\"', '"');
}

/** Some browsers send a whole path; S3 takes its last segment. */
function baseName(fileName: string | undefined): string | undefined {
  return fileName?.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1);
}
