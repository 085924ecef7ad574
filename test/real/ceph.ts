// A Ceph object gateway of one's own for a test file: in a temporary directory, on free ports, with one user.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { request } from 'undici';
import type { StoreAddress } from '../store/clients.ts';

const run = promisify(execFile);

export interface Ceph extends StoreAddress {
  close(): Promise<void>;
}

const credentials = { accessKey: 'cephaccesskey', secretKey: 'cephsecretkey' };
const patienceMs = 60_000;

/** Needs root and Debian's packages, see ceph-rgw-up.sh. */
export async function startCeph(): Promise<Ceph> {
  const home = await mkdtemp(path.join(tmpdir(), 'replicar-ceph-'));
  const directory = path.join(home, 'ceph');
  const [port, monitor] = await freePorts();
  const close = async (): Promise<void> => {
    await stopDaemons(path.join(directory, 'run'));
    await rm(home, { recursive: true, force: true });
  };
  try {
    await runScript([directory, String(port), String(monitor)]);
    const env = { ...process.env, CEPH_CONF: path.join(directory, 'ceph.conf') };
    const user = ['user', 'create', '--uid=test', '--display-name=test'];
    const keys = [`--access-key=${credentials.accessKey}`, `--secret-key=${credentials.secretKey}`];
    await run('radosgw-admin', [...user, ...keys], { env, timeout: patienceMs });
    const url = `http://127.0.0.1:${port}`;
    await waitUntilItAnswers(url);
    return { url, credentials, region: 'us-east-1', close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The daemons keep the script's output open, so only its end is waited for, not that of its output. */
async function runScript(args: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL('../../../test/real/ceph-rgw-up.sh', import.meta.url));
  const child = spawn(script, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  child.stderr.destroy();
  if (code !== 0) throw new Error(`ceph-rgw-up.sh ended with ${code}: ${said}`);
}

/** One for the gateway, and one whose successor is free too, for the monitor. */
async function freePorts(): Promise<[port: number, monitor: number]> {
  const gateway = await listen(0);
  for (let attempt = 0; attempt < 20; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- one candidate after the other
    const first = await listen(0);
    // oxlint-disable-next-line no-await-in-loop -- one candidate after the other
    const second = await listen(first.port + 1).catch(() => undefined);
    // oxlint-disable-next-line no-await-in-loop -- one candidate after the other
    await Promise.all([first.close(), second?.close()]);
    if (second === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- this is the last turn
    await gateway.close();
    return [gateway.port, first.port];
  }
  await gateway.close();
  throw new Error('found no two free ports in a row');
}

async function listen(port: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is one
  const address = server.address() as AddressInfo;
  const close = async (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
    });
  return { port: address.port, close };
}

async function waitUntilItAnswers(url: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asked until it answers
    const status = await request(url).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`the gateway at ${url} answers ${status}`);
    // oxlint-disable-next-line no-await-in-loop -- asked until it answers
    await sleep(100);
  }
}

/** Ends the daemons by their ids, and waits until they are gone. */
async function stopDaemons(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.pid'));
  const texts = await Promise.all(
    files.map(async (name) => readFile(path.join(folder, name), 'utf8').catch(() => '')),
  );
  const ids = texts.map((text) => Number.parseInt(text, 10)).filter((id) => id > 1);
  for (const id of ids) signal(id, 'SIGTERM');
  const deadline = Date.now() + 5000;
  while (ids.some((id) => signal(id, 0)) && Date.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- asked until they are gone
    await sleep(50);
  }
  for (const id of ids) signal(id, 'SIGKILL');
}

/** Whether there is such a process. */
function signal(id: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, name);
  } catch {
    return false;
  }
}
