// `replicar status`: how the targets of a running sidecar stand.

import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusReport, TargetReport } from '../admin/types.ts';
import { type AdminClient, withAdmin } from './admin-client.ts';
import { expectStatus } from './answers.ts';
import { alignColumns } from './columns.ts';
import type { CommandContext } from './command.ts';
import { createPaint, type Paint, printable } from './paint.ts';
import { formatBytes, formatDuration } from './units.ts';

const refreshMs = 2000;
const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

export async function run(context: CommandContext): Promise<number> {
  return await withAdmin(context, async (client) => {
    if (context.options['watch'] === true) await watch(context, client);
    else context.write(await show(context, client));
    return 0;
  });
}

async function show(context: CommandContext, client: AdminClient): Promise<string> {
  const report = expectStatus(await client.get('/api/status'));
  if (context.options['json'] === true) return `${JSON.stringify(report)}\n`;
  return renderStatus(report, createPaint(context), Date.now());
}

async function watch(context: CommandContext, client: AdminClient): Promise<void> {
  const { signal, isTTY } = context;
  const json = context.options['json'] === true;
  try {
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one picture after the other
      const picture = await show(context, client);
      context.write(isTTY && !json ? `${clearScreen}${picture}` : picture);
      // oxlint-disable-next-line no-await-in-loop -- the pause between them
      await sleep(refreshMs, undefined, { signal });
    }
  } catch (error) {
    // Being told to stop is how watching ends.
    if (!signal.aborted) throw error;
  }
}

export function renderStatus(report: StatusReport, paint: Paint, now: number): string {
  const { journal } = report;
  const state = paint(journal.state === 'ok' ? 'green' : 'red', journal.state);
  const reason = journal.reason === null ? '' : ` (${printable(journal.reason)})`;
  const space = `${formatBytes(journal.sizeBytes)} used, ${formatBytes(journal.freeBytes)} free`;
  const up = formatDuration(report.uptimeSeconds);
  return [
    `${paint('bold', `replicar ${printable(report.version)}`)}, site ${printable(report.site)}, up ${up}\n`,
    `journal ${state}${reason}, ${space}; ${report.intentsOpen} intents open\n\n`,
    renderTargets(report.targets, paint),
    renderErrors(report.targets, paint, now),
    renderResyncs(report, paint),
  ].join('');
}

const titles = [
  'TARGET',
  'STATE',
  'PENDING',
  'FAILED',
  'PARKED',
  'OLDEST',
  'COMPLETED',
  'SENT',
  'LAG P50/P99',
  'ENDPOINT',
];

function renderTargets(targets: readonly TargetReport[], paint: Paint): string {
  if (targets.length === 0) return 'no targets\n';
  const rows = targets.map((target) => {
    const { pending, failed, parked, lagSeconds } = target;
    const manner = target.configured ? [target.dialect, target.sync ? 'sync' : 'async'] : [];
    return [
      printable(target.name),
      renderState(target, paint),
      String(pending),
      failed > 0 ? paint('yellow', String(failed)) : '0',
      parked > 0 ? paint('red', String(parked)) : '0',
      pending > 0 ? formatDuration(target.oldestSeconds) : '-',
      String(target.completed),
      formatBytes(target.completedBytes),
      `${renderLag(lagSeconds.p50)}/${renderLag(lagSeconds.p99)}`,
      printable([target.endpoint, ...manner].filter((text) => text !== '').join(' ')),
    ];
  });
  const head = titles.map((title) => paint('gray', title));
  return alignColumns([head, ...rows], new Set([2, 3, 4, 5, 6, 7, 8]));
}

function renderState(target: TargetReport, paint: Paint): string {
  if (!target.configured) return paint('yellow', 'removed');
  if (target.state === 'paused') return paint('yellow', 'paused');
  return paint(target.state === 'up' ? 'green' : 'red', target.state);
}

function renderLag(seconds: number | null): string {
  return seconds === null ? '-' : formatDuration(seconds);
}

function renderErrors(targets: readonly TargetReport[], paint: Paint, now: number): string {
  const rows = targets.flatMap(({ name, lastError, lastErrorAt }) => {
    if (lastError === null) return [];
    const age = lastErrorAt === null ? '' : ageOf(lastErrorAt, now);
    return [[`  ${printable(name)}`, age, printable(lastError)]];
  });
  if (rows.length === 0) return '';
  return `\n${paint('gray', 'LAST ERRORS')}\n${alignColumns(rows)}`;
}

function renderResyncs({ resyncs }: StatusReport, paint: Paint): string {
  if (resyncs.length === 0) return '';
  const rows = resyncs.map(({ bucket, target, reason }) => [
    `  ${printable(bucket)}`,
    printable(target),
    printable(reason),
  ]);
  return `\n${paint('gray', 'WANTED RESYNCS')}\n${alignColumns(rows)}`;
}

function ageOf(time: string, now: number): string {
  return `${formatDuration(Math.max(0, Math.round((now - Date.parse(time)) / 1000)))} ago`;
}
