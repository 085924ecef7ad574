// Which targets want a change, by the rules: new objects and their metadata always go, deletions only where the
// rule names them. Pure.

import type { ChangeKind } from '../journal/types.ts';
import type { Replicate, Rule } from './rules.ts';

/** One target and the rule that decides for it. */
export interface RuleMatch {
  readonly target: string;
  readonly rule: Rule;
}

/** The rules as the data path asks them. */
export interface RuleMatcher {
  mayMatchBucket(bucket: string): boolean;
  /** Whether a rule names exactly this bucket (`*` names none). */
  namesBucket(bucket: string): boolean;
  targetsFor(bucket: string, key: string): readonly RuleMatch[];
}

const needed: Readonly<Partial<Record<ChangeKind, Replicate>>> = {
  marker: 'delete-marker',
  'version-delete': 'delete',
  delete: 'delete',
};

/** Names of the targets that want a change of this kind to this key. */
export function targetsWanting(
  rules: RuleMatcher,
  change: { readonly kind: ChangeKind; readonly bucket: string; readonly key: string },
): readonly string[] {
  const need = needed[change.kind];
  return rules
    .targetsFor(change.bucket, change.key)
    .filter(({ rule }) => need === undefined || rule.replicate.has(need))
    .map(({ target }) => target);
}
