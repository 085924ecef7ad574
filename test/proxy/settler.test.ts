import { createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { Settler } from '../../src/proxy/settler.ts';
import { eventually, openClient } from '../arrange.ts';
import { openTestJournal } from './arrangement.ts';

/** A source that hangs up on everybody, and counts them. */
async function openHangingUp(t: ExecutionContext): Promise<{ url: string; calls(): number }> {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, calls: () => calls };
}

test('the source is asked again after an outage although a timer fires early by the clock', async (t) => {
  const source = await openHangingUp(t);
  const journal = await openTestJournal(t);
  await journal.openIntent({
    operation: 'PutObject',
    bucket: 'bucket',
    keys: [{ key: 'k', targets: ['b'] }],
    openedAt: 0,
  });
  const settler = new Settler({
    journal,
    source: openClient(t, source.url),
    draftOf: () => undefined,
    markBucket: () => Promise.resolve(),
    log: { info: () => undefined, warn: () => undefined },
    // Behind the timers by up to 40 ms.
    now: () => Math.floor(Date.now() / 40) * 40,
    outagePauseMs: 60,
  });
  settler.start();
  t.teardown(() => settler.close());
  await eventually('it was asked again and again', () => source.calls() >= 5);
  t.is(journal.intentsOpen(), 1);
});
