// What the admin listener answers: one table of paths.

import { type Answer, badRequest, json, refusal } from './answer.ts';
import type { JsonObject } from './body.ts';
import { dashboard } from './dashboard.ts';
import type { Metrics } from './metrics.ts';
import type { AdminSource } from './types.ts';

export interface Asked {
  readonly source: AdminSource;
  readonly metrics: Metrics;
  readonly onError: (error: unknown, route: string) => void;
  readonly query: URLSearchParams;
  readonly body: JsonObject | undefined;
}

export interface Route {
  /** Whether the token is asked for. */
  readonly guarded: boolean;
  readonly takesBody: boolean;
  answer(asked: Asked): Answer | Promise<Answer>;
}

type Method = 'GET' | 'POST';

const routes: Readonly<Record<string, Partial<Record<Method, Route>>>> = {
  '/healthz/live': { GET: open(() => json(200, { status: 'ok' })) },
  '/healthz/ready': {
    GET: open(({ source }) => {
      const report = source.ready();
      return json(report.ready ? 200 : 503, report);
    }),
  },
  '/metrics': { GET: open(scrape) },
  '/': { GET: open(dashboard) },
  '/api/status': { GET: guarded(async ({ source }) => json(200, await source.status())) },
  '/api/failures': { GET: guarded(listFailures) },
  '/api/retry': { POST: command(retry) },
  '/api/pause': {
    POST: command(async ({ source }, body) => {
      await source.pause(targetOf(body));
      return { paused: true };
    }),
  },
  '/api/resume': {
    POST: command(async ({ source }, body) => {
      await source.resume(targetOf(body));
      return { paused: false };
    }),
  },
  '/api/discard': {
    POST: command(async ({ source }, body) => ({
      discarded: await source.discard(targetOf(body)),
    })),
  },
};

/** The route, or the answer that there is none. */
export function findRoute(
  method: string,
  path: string,
): { readonly route: Route } | { readonly refusal: Answer } {
  const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (methods === undefined) {
    return { refusal: refusal(404, 'not-found', 'there is nothing under this path') };
  }
  const wanted = method === 'HEAD' ? 'GET' : method;
  const route = wanted === 'GET' || wanted === 'POST' ? methods[wanted] : undefined;
  if (route !== undefined) return { route };
  const allowed = Object.keys(methods).flatMap((name) =>
    name === 'GET' ? ['GET', 'HEAD'] : [name],
  );
  const body = { error: 'method-not-allowed', message: `expected ${allowed.join(' or ')}` };
  return { refusal: json(405, body, { allow: allowed.join(', ') }) };
}

function open(answer: Route['answer']): Route {
  return { guarded: false, takesBody: false, answer };
}

function guarded(answer: Route['answer']): Route {
  return { guarded: true, takesBody: false, answer };
}

function command(act: (asked: Asked, body: JsonObject) => Promise<unknown>): Route {
  return {
    guarded: true,
    takesBody: true,
    answer: async (asked) => json(200, await act(asked, asked.body ?? {})),
  };
}

/** A scrape comes even when the status cannot be had: the counters are still true. */
async function scrape({ source, metrics, onError }: Asked): Promise<Answer> {
  const report = await source.status().catch((error: unknown) => {
    onError(error, '/metrics');
    return undefined;
  });
  return { status: 200, contentType: metrics.contentType, body: await metrics.render(report) };
}

const failuresMax = 1000;

async function listFailures({ source, query }: Asked): Promise<Answer> {
  const limitText = query.get('limit') ?? '100';
  const limit = /^\d{1,4}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > failuresMax) throw badRequest(`expected limit from 1 to ${failuresMax}`);
  const target = query.get('target') ?? undefined;
  const after = query.get('after') ?? undefined;
  return json(200, await source.failures({ target, after, limit }));
}

async function retry({ source }: Asked, body: JsonObject): Promise<unknown> {
  const target = optionalText(body, 'target');
  const bucket = optionalText(body, 'bucket');
  const key = optionalText(body, 'key');
  if ((bucket === undefined) !== (key === undefined)) {
    throw badRequest('expected "bucket" and "key" together');
  }
  const object = bucket === undefined || key === undefined ? undefined : { bucket, key };
  return { woken: await source.retry({ target, object }) };
}

function targetOf(body: JsonObject): string {
  const target = optionalText(body, 'target');
  if (target === undefined) throw badRequest('expected "target"');
  return target;
}

function optionalText(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value === '')
    throw badRequest(`expected "${name}" to be a text`);
  return value;
}
