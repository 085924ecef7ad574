// What single values cannot show: rules against targets, and stores that would replicate into themselves.

import { nearest } from '../nearest.ts';
import type { Rule } from '../replication/rules.ts';
import type { ConfigFault } from './fault.ts';
import type { Address } from './values.ts';

type RuleText = Rule & { readonly text: string };

interface Target {
  readonly name: string;
  readonly endpoint: { readonly url: string };
  readonly bucket?: string;
}

/** Where the source and the sidecar itself answer. */
interface OwnStores {
  readonly source: string | undefined;
  readonly listen: Address;
}

/** Rules that name a target which nobody configured. */
export function targetFaults(
  rules: readonly RuleText[],
  targetNames: readonly string[],
): readonly ConfigFault[] {
  const known = new Set(targetNames);
  return rules.flatMap((rule) => {
    if (known.has(rule.target)) return [];
    const variable = ruleVariable(rule);
    const upper = rule.target.toUpperCase().replaceAll('-', '_');
    const meant = nearest(rule.target, known);
    const hint =
      meant === undefined ? `set REPLICAR_TARGET_${upper}_ENDPOINT` : `did you mean "${meant}"?`;
    const expected = `there is no target "${rule.target}"`;
    return [{ variable, value: rule.text, expected, hint }];
  });
}

/** Rules whose copies would land where they came from, and set off the next copy. */
export function circleFaults(
  rules: readonly RuleText[],
  targets: readonly Target[],
  own: OwnStores,
): readonly ConfigFault[] {
  return rules.flatMap((rule) => {
    const target = targets.find(({ name }) => name === rule.target);
    if (target === undefined || !isOwnStore(target, own)) return [];
    const bucket = rule.targetBucket ?? target.bucket;
    if (bucket !== undefined && bucket !== rule.bucket) return [];
    const expected = `target "${target.name}" is the source's own store, with the same bucket`;
    const hint = 'name another bucket there: -> TARGET/BUCKET';
    return [{ variable: ruleVariable(rule), value: rule.text, expected, hint }];
  });
}

/** Buckets on the source's own store that rules copy into: `*` must not copy them again. */
export function bucketsOnSource(
  rules: readonly Rule[],
  targets: readonly Target[],
  own: OwnStores,
): readonly string[] {
  const buckets = rules.flatMap((rule) => {
    const target = targets.find(({ name }) => name === rule.target);
    if (target === undefined || !rule.enabled || !isOwnStore(target, own)) return [];
    return [rule.targetBucket ?? target.bucket ?? rule.bucket];
  });
  return [...new Set(buckets)];
}

function ruleVariable(rule: Rule): string {
  return `REPLICAR_RULE_${rule.name.toUpperCase().replaceAll('-', '_')}`;
}

/** The source, or this very sidecar before it. */
function isOwnStore(target: Target, own: OwnStores): boolean {
  const place = placeOf(target.endpoint.url);
  if (own.source !== undefined && place === placeOf(own.source)) return true;
  const url = new URL(target.endpoint.url);
  const port = Number(url.port === '' ? defaultPort(url) : url.port);
  const sameHost = hostOf(url) === nameOf(own.listen.host);
  const here = sameHost || (isAnyAddress(own.listen.host) && isLoopback(hostOf(url)));
  return here && port === own.listen.port;
}

/** Host and port, alike for all names of the loopback interface. */
function placeOf(endpoint: string): string {
  const url = new URL(endpoint);
  return `${hostOf(url)}:${url.port === '' ? defaultPort(url) : url.port}`;
}

function defaultPort(url: URL): string {
  return url.protocol === 'https:' ? '443' : '80';
}

function hostOf(url: URL): string {
  return nameOf(url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, ''));
}

function nameOf(host: string): string {
  return isLoopback(host) ? 'localhost' : host.toLowerCase();
}

export function isLoopback(host: string): boolean {
  return /^localhost$/i.test(host) || /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1';
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Whether two listeners cannot both be opened. */
export function collide(one: Address, other: Address): boolean {
  if (one.port !== other.port) return false;
  return (
    nameOf(one.host) === nameOf(other.host) || [one, other].some(({ host }) => isAnyAddress(host))
  );
}
