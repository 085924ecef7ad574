// Conditional requests: what If-Match and its kin mean on reads, copies and writes.

import type { Manner, ObjectVersion } from './model.ts';
import type { Headers } from './request.ts';
import { StoreError } from './store-error.ts';

interface Conditions {
  readonly match: string | undefined;
  readonly noneMatch: string | undefined;
  readonly modifiedSince: number | undefined;
  readonly unmodifiedSince: number | undefined;
}

export function readConditions(headers: Headers, prefix = ''): Conditions {
  return {
    match: headers.get(`${prefix}if-match`),
    noneMatch: headers.get(`${prefix}if-none-match`),
    modifiedSince: timeOf(headers.get(`${prefix}if-modified-since`)),
    unmodifiedSince: timeOf(headers.get(`${prefix}if-unmodified-since`)),
  };
}

/** A matching If-Match outweighs If-Unmodified-Since, and If-None-Match outweighs If-Modified-Since. */
export function evaluate(
  conditions: Conditions,
  version: ObjectVersion,
): 'holds' | 'failed' | 'not-modified' {
  const { match, noneMatch, modifiedSince, unmodifiedSince } = conditions;
  const second = Math.floor(version.lastModified / 1000) * 1000;
  if (match !== undefined) {
    if (!etagMatches(match, version.etag)) return 'failed';
  } else if (unmodifiedSince !== undefined && second > unmodifiedSince) {
    return 'failed';
  }
  if (noneMatch !== undefined) {
    if (etagMatches(noneMatch, version.etag)) return 'not-modified';
  } else if (modifiedSince !== undefined && second <= modifiedSince) {
    return 'not-modified';
  }
  return 'holds';
}

/** For PUT, completion and delete: judged on what is current at the moment of the commit. */
export function checkWriteConditions(
  manner: Manner,
  headers: Headers,
  current: ObjectVersion | undefined,
): void {
  const match = headers.get('if-match');
  const noneMatch = headers.get('if-none-match');
  const there = current === undefined || current.marker ? undefined : current;
  if (noneMatch !== undefined) {
    if (noneMatch.trim() !== '*' && manner === 's3') {
      throw new StoreError(
        'NotImplemented',
        'A header you provided implies functionality that is not implemented',
        { details: { Header: 'If-None-Match' } },
      );
    }
    if (there !== undefined && etagMatches(noneMatch, there.etag)) {
      throw new StoreError('PreconditionFailed', undefined, {
        details: { Condition: 'If-None-Match' },
      });
    }
  }
  if (match === undefined) return;
  if (there === undefined) throw new StoreError('NoSuchKey');
  if (!etagMatches(match, there.etag)) {
    throw new StoreError('PreconditionFailed', undefined, { details: { Condition: 'If-Match' } });
  }
}

export function etagMatches(list: string, etag: string): boolean {
  return list
    .split(',')
    .map((item) => item.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((item) => item === '*' || item === etag);
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
