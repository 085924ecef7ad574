// The dashboard's script, run against a page of its own: what comes from the API is written as text.

import { createContext, runInContext } from 'node:vm';
import test from 'ava';
import { dashboardScript } from '../../src/admin/dashboard-script.ts';
import { statusReport, targetReport } from './admin-server.ts';

/** As much of a document as the script uses. */
class FakeElement {
  hidden = false;
  className = '';
  #text = '';
  value = '';
  colSpan = 0;
  children: FakeElement[] = [];
  listeners = new Map<string, (event: { preventDefault(): void }) => void>();

  get textContent(): string {
    return this.#text;
  }

  set textContent(value: unknown) {
    this.#text = String(value);
  }

  append(...children: FakeElement[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: FakeElement[]): void {
    this.children = children;
  }

  addEventListener(type: string, listener: (event: { preventDefault(): void }) => void): void {
    this.listeners.set(type, listener);
  }
}

type Fetch = (path: string, init: { headers: Record<string, string> }) => Promise<unknown>;

/** Runs the script once; resolves when it has scheduled its next refresh or asked for a token. */
async function open(fetch: Fetch) {
  const elements = new Map<string, FakeElement>();
  const element = (id: string) => {
    const known = elements.get(id) ?? new FakeElement();
    elements.set(id, known);
    return known;
  };
  const stored = new Map<string, string>();
  const refreshes: unknown[] = [];
  const context = createContext({
    document: { getElementById: element, createElement: () => new FakeElement() },
    sessionStorage: {
      getItem: (name: string) => stored.get(name) ?? null,
      setItem: (name: string, value: string) => stored.set(name, value),
    },
    fetch,
    AbortSignal,
    setTimeout: (again: unknown) => refreshes.push(again),
  });
  runInContext(dashboardScript, context);
  await settled();
  return { element, refreshes, stored };
}

/** All promises of the script's one round are done after a few turns of the event loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    // oxlint-disable-next-line no-await-in-loop -- turns come one after the other
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function answer(status: number, body: unknown) {
  return Promise.resolve({ ok: status < 300, status, json: () => Promise.resolve(body) });
}

test('what the API says is written as text and refreshed', async (t) => {
  const hostile = { ...targetReport, lastError: '<img src=x onerror=alert(1)>' };
  const { element, refreshes } = await open((path) =>
    path.startsWith('api/status')
      ? answer(200, { ...statusReport, targets: [hostile] })
      : answer(200, { failures: [], next: null }),
  );
  t.false(element('main').hidden);
  const cells = element('targets').children[1]?.children.map(({ textContent }) => textContent);
  t.deepEqual(cells, [
    'site-b',
    'up',
    '3',
    '2',
    '1',
    '7s',
    '11',
    '2.0 KiB',
    '10ms / 200ms',
    'http://b:9000 · s3',
    '<img src=x onerror=alert(1)>',
  ]);
  t.is(element('failures').children[1]?.children[0]?.textContent, 'none');
  t.is(refreshes.length, 1);
});

test('a token is asked for when the API wants one, and sent from then on', async (t) => {
  const { element, refreshes, stored } = await open((path, { headers }) => {
    if (headers['authorization'] !== 'Bearer sesame') {
      return answer(401, { message: 'a bearer token is needed' });
    }
    return path.startsWith('api/status')
      ? answer(200, statusReport)
      : answer(200, { failures: [], next: null });
  });
  t.true(element('main').hidden);
  t.false(element('login').hidden);
  t.is(refreshes.length, 0);
  element('token').value = ' sesame ';
  element('login').listeners.get('submit')?.({ preventDefault: () => undefined });
  await settled();
  t.is(stored.get('replicar-token'), 'sesame');
  t.is(element('token').value, '');
  t.false(element('main').hidden);
  t.true(element('login').hidden);
});

test('a sidecar that does not answer is said, and asked again', async (t) => {
  const { element, refreshes } = await open(() => Promise.reject(new Error('refused')));
  t.regex(element('summary').textContent, /No answer from the sidecar: refused/);
  t.is(refreshes.length, 1);
});
