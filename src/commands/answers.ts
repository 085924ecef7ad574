// The admin listener's answers, looked at before they are trusted.

import type { FailuresPage, StatusReport } from '../admin/types.ts';
import { SidecarError } from '../errors.ts';

export function expectStatus(answer: unknown): StatusReport {
  if (isStatus(answer)) return answer;
  throw unexpected('status');
}

function isStatus(answer: unknown): answer is StatusReport {
  return (
    isObject(answer) &&
    isObject(answer['journal']) &&
    Array.isArray(answer['targets']) &&
    Array.isArray(answer['resyncs'])
  );
}

export function expectFailures(answer: unknown): FailuresPage {
  if (isFailuresPage(answer)) return answer;
  throw unexpected('list of failures');
}

function isFailuresPage(answer: unknown): answer is FailuresPage {
  return (
    isObject(answer) &&
    Array.isArray(answer['failures']) &&
    (answer['next'] === null || typeof answer['next'] === 'string')
  );
}

export function expectCount(answer: unknown, name: string): number {
  const count = isObject(answer) ? answer[name] : undefined;
  if (typeof count === 'number') return count;
  throw unexpected(name);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function unexpected(what: string): SidecarError {
  return new SidecarError(`the sidecar's answer holds no ${what}`, {
    code: 'admin-foreign',
    retryable: false,
    hint: 'are the command and the sidecar of the same version?',
  });
}
