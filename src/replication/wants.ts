// Which targets want a change, by the rules: new objects and their metadata always go, deletions only where the
// rule names them. Pure.

import type { ChangeKind } from '../journal/types.ts';
import type { Replicate, RuleMatch, RuleSet } from './rules.ts';

const needed: Readonly<Partial<Record<ChangeKind, Replicate>>> = {
  marker: 'delete-marker',
  'version-delete': 'delete',
  delete: 'delete',
};

/** The targets that want a change of this kind to this key, each with the rule that decides for it. */
export function matchesWanting(
  rules: Pick<RuleSet, 'targetsFor'>,
  change: { readonly kind: ChangeKind; readonly bucket: string; readonly key: string },
): readonly RuleMatch[] {
  const need = needed[change.kind];
  return rules
    .targetsFor(change.bucket, change.key)
    .filter(({ rule }) => need === undefined || rule.replicate.has(need));
}
