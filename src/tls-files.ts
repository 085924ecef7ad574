// The listener's certificate and key as files that are renewed under a running process.

import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SidecarError } from './errors.ts';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    return { cert, key };
  } catch (cause) {
    throw new SidecarError(`the certificate cannot be read: ${String(cause)}`, {
      code: 'tls-files',
      retryable: false,
      hint: 'see REPLICAR_TLS_CERT_FILE and REPLICAR_TLS_KEY_FILE',
      cause,
    });
  }
}

/** Polls, because renewals come as renames and symbolic links that events of the file system miss. */
const intervalMs = 5_000;

/** Calls `onChange` after either file changed. Returns what stops it. */
export function watchTlsFiles({ certFile, keyFile }: TlsFiles, onChange: () => void): () => void {
  const files = [certFile, keyFile];
  for (const file of files) {
    watchFile(file, { interval: intervalMs, persistent: false }, onChange);
  }
  return () => {
    for (const file of files) unwatchFile(file, onChange);
  };
}
