// A MinIO server of one's own for a test file, from the binary that MINIO_BIN names.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../arrange.ts';
import { freePort } from '../../sidecar/process.ts';
import type { RealStore } from '../end-to-end.ts';

const credentials = { accessKey: 'minio-access-key', secretKey: 'minio-secret-key' };

export async function startMinio(): Promise<RealStore> {
  const binary = process.env['MINIO_BIN'];
  if (binary === undefined) throw new Error('MINIO_BIN names no MinIO server');
  const folder = await mkdtemp(join(tmpdir(), 'replicar-minio-'));
  const port = await freePort();
  const child = spawn(binary, ['server', folder, '--address', `127.0.0.1:${port}`], {
    env: {
      ...process.env,
      MINIO_ROOT_USER: credentials.accessKey,
      MINIO_ROOT_PASSWORD: credentials.secretKey,
    },
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually('the server answers', async () => await answers(url), 60_000);
    return { url, credentials, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/minio/health/live`)).ok;
  } catch {
    return false;
  }
}
