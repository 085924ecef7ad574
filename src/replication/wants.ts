// Which targets want a change, by the rules: new objects and their metadata always go, deletions only where the
// rule names them. Pure.

import type { Change, ChangeKind, TaskDraft } from '../journal/types.ts';
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

/** The tasks that a change becomes; undefined where nobody wants it. */
export function draftFor(
  rules: Pick<RuleSet, 'targetsFor'>,
  change: Change,
): TaskDraft | undefined {
  const targets = matchesWanting(rules, change).map(({ target }) => target);
  return targets.length === 0 ? undefined : { change, targets, class: 'live' };
}

/**
 * Where a waiting change goes at a target: the rule's bucket, else the target's own, else the source bucket's
 * name; undefined where no rule wants it there any more.
 */
export function placeFor(
  rules: Pick<RuleSet, 'targetsFor'>,
  change: Change,
  { target, bucket }: { readonly target: string; readonly bucket: string | undefined },
): { readonly targetBucket: string } | undefined {
  const match = matchesWanting(rules, change).find((candidate) => candidate.target === target);
  if (match === undefined) return undefined;
  return { targetBucket: match.rule.targetBucket ?? bucket ?? change.bucket };
}
