// What the journal's tests share: a folder of their own, an open journal in it, and drafts.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { JournalOptions, OpenedJournal } from '../../src/journal/options.ts';
import type { Change, IntentDraft, TaskDraft } from '../../src/journal/types.ts';

export const targets = [
  { name: 'site-b', endpoint: 'http://b.example:9000' },
  { name: 'site-c', endpoint: 'http://c.example:9000', bucket: 'copies' },
];

/** A small ballast, so that no test fills the disk of the machine it runs on. */
export const limits = { ballastBytes: 4096, scrubPauseMs: 0, lookIntervalMs: 20 };

export const settings = {
  site: 'site-a',
  targets,
  rules: [{ name: 'ALL', text: '* -> site-b' }],
  limits,
};

export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'replicar-journal-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function open(
  t: ExecutionContext,
  options: Partial<JournalOptions> & { dataDir: string },
): Promise<OpenedJournal> {
  const journal = await openJournal({ ...settings, ...options });
  t.teardown(() => journal.close());
  return journal;
}

export async function openFresh(
  t: ExecutionContext,
  options: Partial<JournalOptions> = {},
): Promise<OpenedJournal> {
  return open(t, { dataDir: await temporaryFolder(t), ...options });
}

export function change(key: string, more: Partial<Change> = {}): Change {
  const versionId = `version of ${key}`;
  return { kind: 'object', bucket: 'photos', key, versionId, acceptedAt: 1_000, ...more };
}

export function draft(
  key: string,
  more: Partial<Change> = {},
  names: readonly string[] = ['site-b'],
): TaskDraft {
  return { change: change(key, more), targets: names, class: 'live' };
}

export function intent(key: string, more: Partial<IntentDraft> = {}): IntentDraft {
  const keys = [{ key, targets: ['site-b'] }];
  return { operation: 'PutObject', bucket: 'photos', keys, openedAt: 500, ...more };
}

export const claimAll = { target: 'site-b', class: 'live', max: 1000, durable: false } as const;

export const failure = { code: 'target-down', reason: 'the target refused the connection', at: 9 };

export const failedUntil = (dueAt: number) =>
  ({ failure, state: 'failed', dueAt, orderly: true }) as const;
