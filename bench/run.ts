// `npm run bench`: what the sidecar costs, as ratios within one run. Nothing here is asserted.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Running } from './processes.ts';
import { cpuSeconds, load, start, startSidecar } from './processes.ts';
import { drainRate, lag } from './replication.ts';

const kib4 = 4096;
const requests = Number(process.env['BENCH_REQUESTS'] ?? 30_000);
/** Until the code is compiled: before that a figure tells of the compiler. */
const warmUp = 20_000;

export interface Figure {
  readonly what: string;
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

function sidecarEnv(
  dataDir: string,
  sourcePort: number,
  rules: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    REPLICAR_LISTEN: '127.0.0.1:0',
    REPLICAR_ADMIN_LISTEN: '127.0.0.1:0',
    REPLICAR_DATA_DIR: dataDir,
    REPLICAR_LOG_LEVEL: 'info',
    REPLICAR_SOURCE_ENDPOINT: `http://127.0.0.1:${sourcePort}`,
    REPLICAR_SOURCE_ACCESS_KEY: 'bench',
    REPLICAR_SOURCE_SECRET_KEY: 'bench-secret',
    ...rules,
  };
}

/** One kind of request against one process, after a warm-up. */
async function measure(what: string, at: Running, method: 'GET' | 'PUT'): Promise<Figure> {
  const common = { port: at.port, method, connections: 32, bodyBytes: kib4, rate: 0 };
  await load({ ...common, requests: warmUp, prefix: 'warm-' });
  const before = cpuSeconds(at.pid);
  const { seconds } = await load({ ...common, requests, prefix: 'k-' });
  const cpu = cpuSeconds(at.pid) - before;
  return { what, perCpuSecond: requests / cpu, perSecond: requests / seconds };
}

function print({ what, perCpuSecond, perSecond }: Figure): void {
  const rates = `${perCpuSecond.toFixed(0).padStart(8)} per CPU second ${perSecond.toFixed(0).padStart(8)} per second`;
  console.log(`${what.padEnd(44)}${rates}`);
}

function ratio(what: string, value: number): void {
  console.log(`${what.padEnd(44)}${value.toFixed(2).padStart(8)}\n`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replicar-bench-'));
  const origin = await start('instant-store-process.js', [String(kib4)]);
  const stops: (() => Promise<void>)[] = [origin.stop];
  try {
    console.log(`Node ${process.version}, ${requests} requests a case, 32 connections\n`);
    const bare = await startSidecar(sidecarEnv(join(folder, 'bare'), origin.port, {}));
    stops.push(bare.stop);
    const baseline = await start('http-proxy-process.js', [String(origin.port)]);
    stops.push(baseline.stop);
    const get = await measure('GET 4 KiB, no rule: replicar', bare, 'GET');
    const getBaseline = await measure('GET 4 KiB: http-proxy', baseline, 'GET');
    print(get);
    print(getBaseline);
    ratio('ratio', get.perCpuSecond / getBaseline.perCpuSecond);

    const ruled = await startSidecar(
      sidecarEnv(join(folder, 'ruled'), origin.port, {
        REPLICAR_TARGET_B_ENDPOINT: `http://127.0.0.1:${origin.port}`,
        REPLICAR_TARGET_B_ACCESS_KEY: 'bench',
        REPLICAR_TARGET_B_SECRET_KEY: 'bench-secret',
        REPLICAR_RULE_ALL: 'bucket -> b/copy',
      }),
    );
    stops.push(ruled.stop);
    await fetch(`http://127.0.0.1:${ruled.adminPort}/api/pause`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ target: 'b' }),
    });
    const put = await measure('PUT 4 KiB, no rule: replicar', bare, 'PUT');
    const captured = await measure('PUT 4 KiB, rule, target paused: replicar', ruled, 'PUT');
    print(put);
    print(captured);
    ratio('ratio', captured.perCpuSecond / put.perCpuSecond);
  } finally {
    for (const stop of stops.toReversed()) await stop();
    await rm(folder, { recursive: true, force: true });
  }
  await drainRate();
  await lag();
}

await main();
