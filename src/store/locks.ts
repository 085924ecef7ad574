// Object lock: what a bucket's configuration and a request's headers say, and what it forbids.

import type { XmlElement, XmlPiece } from '../s3/xml.ts';
import { textOf, xmlElement } from '../s3/xml.ts';
import type { Bucket, DefaultRetention, ObjectVersion, Retention } from './model.ts';
import type { Headers } from './request.ts';
import { StoreError } from './store-error.ts';

export interface LockHeaders {
  readonly retention: Retention | undefined;
  readonly legalHold: boolean | undefined;
}

/** Reads `x-amz-object-lock-*`; they are refused on a bucket without object lock. */
export function lockOfHeaders(bucket: Bucket, headers: Headers, now: number): LockHeaders {
  const mode = headers.get('x-amz-object-lock-mode');
  const until = headers.get('x-amz-object-lock-retain-until-date');
  const hold = headers.get('x-amz-object-lock-legal-hold');
  if (mode === undefined && until === undefined && hold === undefined) {
    return { retention: undefined, legalHold: undefined };
  }
  if (bucket.lock === undefined) {
    throw new StoreError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  if ((mode === undefined) !== (until === undefined)) {
    throw new StoreError(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  }
  return {
    retention:
      mode === undefined || until === undefined ? undefined : checkRetention(mode, until, now),
    legalHold: hold === undefined ? undefined : readHold(hold),
  };
}

export function defaultRetention(bucket: Bucket, now: number): Retention | undefined {
  const rule = bucket.lock?.default;
  if (rule === undefined) return undefined;
  const until = new Date(now);
  until.setUTCDate(until.getUTCDate() + (rule.days ?? 0));
  until.setUTCFullYear(until.getUTCFullYear() + (rule.years ?? 0));
  return { mode: rule.mode, until: until.getTime() };
}

export function checkRetention(mode: string, untilText: string, now: number): Retention {
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') {
    throw new StoreError('MalformedXML', 'Unknown wormMode directive.');
  }
  const until = Date.parse(untilText);
  if (Number.isNaN(until)) {
    throw new StoreError('InvalidArgument', 'The retain until date must be in ISO 8601.');
  }
  if (until <= now) {
    throw new StoreError('InvalidArgument', 'The retain until date must be in the future!');
  }
  return { mode, until };
}

export function readHold(text: string): boolean {
  if (text === 'ON') return true;
  if (text === 'OFF') return false;
  throw new StoreError('MalformedXML', 'Legal Hold must be either of "ON" or "OFF"');
}

/** Refuses to remove a version that is locked at this time. */
export function checkDelete(version: ObjectVersion, bypass: boolean, now: number): void {
  const { retention, legalHold } = version;
  const isHeld = retention !== undefined && retention.until > now;
  const mayBypass = retention?.mode === 'GOVERNANCE' && bypass;
  if (legalHold === true || (isHeld && !mayBypass)) {
    throw new StoreError('AccessDenied', 'Access Denied because object protected by object lock.');
  }
}

/** A retention that still runs may only be made longer, and GOVERNANCE changed otherwise only by a bypass. */
export function checkRetentionChange(
  before: Retention | undefined,
  after: Retention | undefined,
  bypass: boolean,
  now: number,
): void {
  if (before === undefined || before.until <= now) return;
  const isLonger = after !== undefined && after.until >= before.until && after.mode === before.mode;
  if (isLonger || (before.mode === 'GOVERNANCE' && bypass)) return;
  const isStricter =
    before.mode === 'GOVERNANCE' && after?.mode === 'COMPLIANCE' && after.until >= before.until;
  if (isStricter) return;
  throw new StoreError('AccessDenied', 'Access Denied because object protected by object lock.');
}

export function readLockConfiguration(root: XmlElement): DefaultRetention | undefined {
  if (textOf(root, 'ObjectLockEnabled') !== 'Enabled') throw new StoreError('MalformedXML');
  const mode = textOf(root, 'Rule', 'DefaultRetention', 'Mode');
  const days = textOf(root, 'Rule', 'DefaultRetention', 'Days');
  const years = textOf(root, 'Rule', 'DefaultRetention', 'Years');
  if (mode === undefined && days === undefined && years === undefined) return undefined;
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw new StoreError('MalformedXML');
  if ((days === undefined) === (years === undefined)) throw new StoreError('MalformedXML');
  const count = Number(days ?? years);
  if (!Number.isInteger(count) || count < 1 || count > 36_500) {
    throw new StoreError('InvalidArgument', 'Default retention period must be a positive integer.');
  }
  return days === undefined ? { mode, years: count } : { mode, days: count };
}

export function lockConfigurationXml(rule: DefaultRetention | undefined): readonly XmlPiece[] {
  if (rule === undefined) return [xmlElement('ObjectLockEnabled', 'Enabled')];
  const retention = xmlElement('DefaultRetention', [
    xmlElement('Mode', rule.mode),
    xmlElement('Days', rule.days),
    xmlElement('Years', rule.years),
  ]);
  return [xmlElement('ObjectLockEnabled', 'Enabled'), xmlElement('Rule', [retention])];
}
