// Which targets and rules an environment names, and what an unknown `REPLICAR_…` variable was meant to be.

import { nearest } from '../nearest.ts';
import type { ConfigFault } from './fault.ts';
import { isInjectedByKubernetes } from './kubernetes.ts';
import type { Environment } from './reader.ts';
import { allVariables, target } from './table.ts';

const targetPrefix = 'REPLICAR_TARGET_';
const rulePrefix = 'REPLICAR_RULE_';
const namePattern = /^[A-Z0-9][A-Z0-9_]*$/;

/** The ends of a target's variables, `…_FILE` of secrets included, longest first: `SYNC_TIMEOUT` before `TIMEOUT`. */
const targetFields = Object.values(target)
  .flatMap(({ name, secret }) => (secret === true ? [name, `${name}_FILE`] : [name]))
  .map((name) => name.slice(`${targetPrefix}<NAME>`.length))
  .toSorted((a, b) => b.length - a.length);

/** `<NAME>`s of the targets, as they stand in the variables. */
export function targetNames(env: Environment): readonly string[] {
  const names = ours(env, targetPrefix).flatMap((rest) => {
    const field = targetFields.find((end) => rest.endsWith(end));
    return field === undefined ? [] : [rest.slice(0, -field.length)];
  });
  return [...new Set(names)].filter((name) => namePattern.test(name)).toSorted();
}

/** `<NAME>`s of the rules, as they stand in the variables. */
export function ruleNames(env: Environment): readonly string[] {
  return ours(env, rulePrefix)
    .filter((name) => namePattern.test(name))
    .toSorted();
}

function ours(env: Environment, prefix: string): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined && !isInjectedByKubernetes(name, value)
      ? [name.slice(prefix.length)]
      : [],
  );
}

/** `SITE_B` is shown as `site-b`. */
export function shownName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** A fault for each variable that begins like ours and is none. Its value may be a secret, and is not shown. */
export function unknownVariables(
  env: Environment,
  known: ReadonlySet<string>,
): readonly ConfigFault[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || !/^replicar_/i.test(name)) return [];
    if (known.has(name) || isInjectedByKubernetes(name, value)) return [];
    const meant = likelyMeaning(name, known);
    const hint = meant === undefined ? 'replicar --help lists them all' : `did you mean ${meant}?`;
    return [{ variable: name, value: undefined, expected: 'unknown variable', hint }];
  });
}

function likelyMeaning(name: string, known: ReadonlySet<string>): string | undefined {
  const upper = name.toUpperCase().replaceAll('-', '_');
  if (upper !== name && (known.has(upper) || isPatternName(upper))) return upper;
  const fixed = allVariables.flatMap((variable) =>
    variable.name.includes('<') ? [] : [variable.name],
  );
  const words = upper.split('_');
  const afterKind = words.slice(2).join('_');
  const guesses = [...known, ...fixed];
  if (afterKind !== '') guesses.push(`${rulePrefix}${afterKind}`);
  for (let end = 3; end < words.length; end++) {
    const targetName = words.slice(2, end).join('_');
    if (!namePattern.test(targetName)) continue;
    for (const field of targetFields) guesses.push(`${targetPrefix}${targetName}${field}`);
  }
  return nearest(upper, guesses);
}

function isPatternName(name: string): boolean {
  if (name.startsWith(rulePrefix)) return namePattern.test(name.slice(rulePrefix.length));
  const field = targetFields.find((end) => name.endsWith(end));
  return (
    name.startsWith(targetPrefix) &&
    field !== undefined &&
    namePattern.test(name.slice(targetPrefix.length, -field.length))
  );
}
