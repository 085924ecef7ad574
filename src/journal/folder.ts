// The data folder: made with mode 0700, checked before anything is opened, and its marker file replaced as a whole.

import { constants } from 'node:fs';
import { access, chmod, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SidecarError } from '../errors.ts';
import { encodeMarker, type Marker, type ParsedMarker, parseMarker } from './marker.ts';

/** What the journal has to tell, in pino's manner: the object first, then a constant message. */
export interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface Folder {
  readonly dataDir: string;
  readonly journal: string;
  /** A database being built to take the place of a damaged one. */
  readonly replacement: string;
  readonly marker: string;
}

export function folderAt(dataDir: string): Folder {
  return {
    dataDir,
    journal: join(dataDir, 'journal'),
    replacement: join(dataDir, 'journal-new'),
    marker: join(dataDir, 'replicar.json'),
  };
}

export async function prepareFolder({ dataDir, journal }: Folder, log: Log): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    if (await exists(journal)) {
      await access(journal, constants.R_OK | constants.W_OK | constants.X_OK);
    }
  } catch (error) {
    throw folderFault(dataDir, error);
  }
  const { mode } = await stat(dataDir);
  if ((mode & 0o077) === 0) return;
  // A mounted volume's root often belongs to somebody else: then it stays as its owner wants it.
  await chmod(dataDir, 0o700).catch((error: unknown) => {
    log.warn(
      { dataDir, error },
      'the data folder is open to others and its mode cannot be changed',
    );
  });
}

export async function readMarker({ marker }: Folder): Promise<ParsedMarker | undefined> {
  let text: string;
  try {
    text = await readFile(marker, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw folderFault(marker, error);
  }
  return parseMarker(text);
}

/** Replaces the marker as a whole, and is done when it is on disk. */
export async function writeMarker(folder: Folder, marker: Marker): Promise<void> {
  const temporary = `${folder.marker}.new`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(encodeMarker(marker));
      await file.sync();
    } finally {
      await file.close();
    }
    await moveTo(temporary, folder.marker);
  } catch (error) {
    throw folderFault(folder.marker, error);
  }
}

/** Renames, and is done when the folder's change is on disk. */
export async function moveTo(from: string, to: string): Promise<void> {
  await rename(from, to);
  const folder = await open(dirname(to), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What the file system says about the folder, as a sentence with a way out. */
export function folderFault(path: string, cause: unknown): SidecarError {
  const fault = (code: string, message: string, hint: string): SidecarError =>
    new SidecarError(message, { code, retryable: false, hint, cause });
  if (isCode(cause, 'EACCES', 'EPERM')) {
    return fault(
      'journal-forbidden',
      `no permission for ${path}`,
      'give the user that runs the sidecar read and write access to the data folder',
    );
  }
  if (isCode(cause, 'EROFS')) {
    return fault(
      'journal-read-only',
      `${path} is on a read-only file system`,
      'mount the volume of the data folder for writing, or set REPLICAR_DATA_DIR to another one',
    );
  }
  if (isCode(cause, 'ENOSPC', 'EDQUOT')) {
    return fault(
      'journal-full',
      `no room left for ${path}`,
      'give the volume of the data folder more room, then start again',
    );
  }
  if (isCode(cause, 'ENOTDIR', 'EEXIST')) {
    return fault('journal-folder', `${path} is not a folder`, 'set REPLICAR_DATA_DIR to a folder');
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return fault('journal-folder', `cannot use ${path}: ${reason}`, 'check the data folder');
}

export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
