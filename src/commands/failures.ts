// `replicar failures`: what is failed or parked, and why, page by page so that a long list needs no memory.

import type { FailureReport } from '../admin/types.ts';
import { type AdminClient, withAdmin } from './admin-client.ts';
import { expectFailures } from './answers.ts';
import { alignColumns } from './columns.ts';
import type { CommandContext } from './command.ts';
import { createPaint, type Paint, printable } from './paint.ts';

const pageSize = 500;

export async function run(context: CommandContext): Promise<number> {
  const render = context.options['json'] === true ? jsonPages() : textPages(createPaint(context));
  return await withAdmin(context, async (client) => {
    for await (const page of readPages(client, context.options['target'])) {
      context.write(render.page(page));
    }
    context.write(render.end());
    return 0;
  });
}

async function* readPages(
  client: AdminClient,
  target: string | true | undefined,
): AsyncGenerator<readonly FailureReport[]> {
  let after: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (typeof target === 'string') query.set('target', target);
    if (after !== null) query.set('after', after);
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const page = expectFailures(await client.get(`/api/failures?${query.toString()}`));
    yield page.failures;
    after = page.next;
  } while (after !== null);
}

interface Pages {
  page(failures: readonly FailureReport[]): string;
  end(): string;
}

/** One array over all pages. */
function jsonPages(): Pages {
  let started = false;
  return {
    page: (failures) =>
      failures
        .map((failure) => {
          const opening = started ? ',\n' : '[\n';
          started = true;
          return `${opening}${JSON.stringify(failure)}`;
        })
        .join(''),
    end: () => (started ? '\n]\n' : '[]\n'),
  };
}

const titles = [
  'TARGET',
  'STATE',
  'KIND',
  'ATTEMPTS',
  'NEXT ATTEMPT',
  'VERSION',
  'OBJECT',
  'REASON',
];

function textPages(paint: Paint): Pages {
  let started = false;
  return {
    page: (failures) => {
      if (failures.length === 0) return '';
      const head = started ? [] : [titles.map((title) => paint('gray', title))];
      started = true;
      const rows = failures.map((failure) => renderFailure(failure, paint));
      return alignColumns([...head, ...rows], new Set([3]));
    },
    end: () => (started ? '' : 'nothing is failed or parked\n'),
  };
}

function renderFailure(failure: FailureReport, paint: Paint): readonly string[] {
  return [
    printable(failure.target),
    paint(failure.state === 'failed' ? 'yellow' : 'red', failure.state),
    failure.kind,
    String(failure.attempts),
    printable(failure.nextAttemptAt),
    printable(failure.versionId),
    printable(`${failure.bucket}/${failure.key}`),
    printable(`${failure.code}: ${failure.reason}`),
  ];
}
