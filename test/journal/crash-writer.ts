// A program for the crash test: writes to a journal without end, and prints a line for each thing that was resolved
// as durable. It is killed in the middle of it.

import { writeSync } from 'node:fs';
import { openJournal } from '../../src/journal/open-journal.ts';
import { claimAll, draft, failedUntil, intent, settings } from './arrangement.ts';

const dataDir = process.argv[2] ?? '';
const round = process.argv[3] ?? '';
const journal = await openJournal({ ...settings, dataDir });
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

async function write(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const key = `${round}-${writer}-${count}`;
    /* oxlint-disable no-await-in-loop -- a writer does one thing after the other */
    const { id } = await journal.openIntent(intent(key));
    say(`intent ${key}`);
    if (count % 4 === 0) continue;
    await journal.settle(id, [draft(key), draft('shared', { versionId: key })]);
    say(`settled ${key}`);
    const [task] = await journal.claim({ ...claimAll, max: 1, durable: true });
    if (task === undefined) continue;
    if (count % 3 === 0) await journal.postpone(task, failedUntil(count));
    else if (count % 3 === 1) await journal.complete(task, {});
    /* oxlint-enable no-await-in-loop */
  }
}

// Whoever was to kill it may be gone itself.
setTimeout(() => process.exit(1), 60_000).unref();

await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
