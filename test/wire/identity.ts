// Certificates of its own for a test, and clients that trust them.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { TlsIdentity } from '../../src/wire/options.ts';
import { Peer } from './arrangement.ts';

export async function makeIdentity(name = 'localhost'): Promise<TlsIdentity> {
  const folder = await mkdtemp(join(tmpdir(), 'replicar-wire-'));
  try {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const output = ['-keyout', key, '-out', cert, '-days', '2'];
    await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...output]);
    return { cert: await readFile(cert), key: await readFile(key) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function connectTls(
  t: ExecutionContext,
  port: number,
  ca: string | Buffer,
): Promise<Peer> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    ca,
    servername: 'localhost',
    allowHalfOpen: true,
  } as tls.ConnectionOptions);
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  return new Peer(socket);
}
