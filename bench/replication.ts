// How fast a backlog drains to an instant target, and how long after the answer a write is at the target.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInstantStore } from './instant-store.ts';
import { cpuSeconds, load, start, startSidecar } from './processes.ts';

interface Bench {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

async function withBench(targetPort: number, work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replicar-bench-'));
  const source = await start('instant-store-process.js', ['4096']);
  try {
    const env = {
      REPLICAR_LISTEN: '127.0.0.1:0',
      REPLICAR_ADMIN_LISTEN: '127.0.0.1:0',
      REPLICAR_DATA_DIR: folder,
      REPLICAR_SOURCE_ENDPOINT: `http://127.0.0.1:${source.port}`,
      REPLICAR_SOURCE_ACCESS_KEY: 'bench',
      REPLICAR_SOURCE_SECRET_KEY: 'bench-secret',
      REPLICAR_TARGET_B_ENDPOINT: `http://127.0.0.1:${targetPort}`,
      REPLICAR_TARGET_B_ACCESS_KEY: 'bench',
      REPLICAR_TARGET_B_SECRET_KEY: 'bench-secret',
      REPLICAR_RULE_ALL: 'bucket -> b/copy',
    };
    await work({ folder, env });
  } finally {
    await source.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function steer(adminPort: number, what: 'pause' | 'resume'): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/api/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: 'b' }),
  });
  if (!answer.ok) throw new Error(`${what} was answered ${answer.status}`);
}

const objects = Number(process.env['BENCH_OBJECTS'] ?? 20_000);

export async function drainRate(): Promise<void> {
  let received = 0;
  let done: (() => void) | undefined;
  const target = await startInstantStore({
    bodyBytes: 4096,
    onPut: () => {
      received += 1;
      if (received === objects) done?.();
    },
  });
  await withBench(target.port, async ({ env }) => {
    const sidecar = await startSidecar(env);
    await steer(sidecar.adminPort, 'pause');
    const writes = { port: sidecar.port, method: 'PUT', bodyBytes: 4096, rate: 0 };
    await load({ ...writes, requests: objects, connections: 32, prefix: 'k-' });
    const drained = new Promise<void>((resolve) => {
      done = resolve;
    });
    const before = cpuSeconds(sidecar.pid);
    const startedAt = performance.now();
    await steer(sidecar.adminPort, 'resume');
    await drained;
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = cpuSeconds(sidecar.pid) - before;
    console.log(`drain of ${objects} objects of 4 KiB to an instant target`);
    console.log(
      `  ${(objects / seconds).toFixed(0)} objects a second, ${(objects / cpu).toFixed(0)} per CPU second\n`,
    );
    await sidecar.stop();
  });
  await target.close();
}

const perSecond = 50;
const lagObjects = 500;

/** The time from the client's answer to the target's receipt, both on this process's clock, is told by the sidecar. */
export async function lag(): Promise<void> {
  const target = await startInstantStore({ bodyBytes: 4096 });
  await withBench(target.port, async ({ env }) => {
    const sidecar = await startSidecar(env);
    const writes = { port: sidecar.port, method: 'PUT', bodyBytes: 4096, connections: 4 };
    await load({ ...writes, requests: lagObjects, rate: perSecond, prefix: 'k-' });
    const answer = await fetch(`http://127.0.0.1:${sidecar.adminPort}/api/status`);
    const status: { targets: { lagSeconds: { p50: number; p99: number } }[] } = JSON.parse(
      await answer.text(),
    );
    const { p50 = 0, p99 = 0 } = status.targets[0]?.lagSeconds ?? {};
    console.log(`lag from the source's answer to the target's, ${perSecond} PUT a second`);
    console.log(`  p50 ${(p50 * 1000).toFixed(1)} ms, p99 ${(p99 * 1000).toFixed(1)} ms`);
    await sidecar.stop();
  });
  await target.close();
}
