// Rules: which target wants which key, and what of it. Pure.

export type Replicate = 'delete-marker' | 'delete';

export interface Rule {
  readonly name: string;
  /** A bucket's name, or `*`. */
  readonly bucket: string;
  readonly prefix: string;
  readonly target: string;
  /** The bucket at the target; undefined: the target's own default, else the source bucket's name. */
  readonly targetBucket: string | undefined;
  readonly priority: number;
  readonly replicate: ReadonlySet<Replicate>;
  readonly enabled: boolean;
  readonly origin: 'env' | 'api';
}

/** A target that wants a key, and the rule that decides how. */
export interface RuleMatch {
  readonly target: string;
  readonly rule: Rule;
}

export interface RuleSet {
  /** The targets that want this (decoded) key, each with the rule that decides for it, by target name. */
  targetsFor(bucket: string, key: string): readonly RuleMatch[];
  /** Whether any rule may want a key of this bucket. */
  mayMatchBucket(bucket: string): boolean;
  /** Whether a rule names exactly this bucket (`*` names none). */
  namesBucket(bucket: string): boolean;
}

/** One target's rules for a bucket, the first that matches decides. */
interface Contenders {
  readonly target: string;
  readonly rules: readonly Rule[];
}

/**
 * Makes the rules ready for a question with every request.
 *
 * Buckets in `exemptBuckets` are not meant by `*`: they are targets on the source's own store.
 */
export function compileRules(
  rules: readonly Rule[],
  exemptBuckets: Iterable<string> = [],
): RuleSet {
  const enabled = rules.filter((rule) => rule.enabled).toSorted(byPrecedence);
  const exempt = new Set(exemptBuckets);
  const named = new Set(enabled.map((rule) => rule.bucket).filter((bucket) => bucket !== '*'));
  const byBucket = new Map<string, readonly Contenders[]>();
  for (const bucket of new Set([...exempt, ...named])) {
    const wildcard = exempt.has(bucket) ? bucket : '*';
    const own = enabled.filter((rule) => rule.bucket === bucket || rule.bucket === wildcard);
    byBucket.set(bucket, groupByTarget(own));
  }
  const elsewhere = groupByTarget(enabled.filter((rule) => rule.bucket === '*'));
  const contendersFor = (bucket: string) => byBucket.get(bucket) ?? elsewhere;
  return {
    targetsFor: (bucket, key) => matchKey(contendersFor(bucket), key),
    mayMatchBucket: (bucket) => contendersFor(bucket).length > 0,
    namesBucket: (bucket) => named.has(bucket),
  };
}

/** Highest priority first; then the longer prefix; then the name. */
function byPrecedence(a: Rule, b: Rule): number {
  return (
    b.priority - a.priority ||
    b.prefix.length - a.prefix.length ||
    Number(a.name > b.name) - Number(a.name < b.name)
  );
}

function groupByTarget(rules: readonly Rule[]): readonly Contenders[] {
  const targets = [...new Set(rules.map((rule) => rule.target))].toSorted();
  return targets.map((target) => ({
    target,
    rules: rules.filter((rule) => rule.target === target),
  }));
}

const noMatches: readonly RuleMatch[] = Object.freeze([]);

function matchKey(contenders: readonly Contenders[], key: string): readonly RuleMatch[] {
  let matches: RuleMatch[] | undefined;
  for (const { target, rules } of contenders) {
    const rule = rules.find(({ prefix }) => key.startsWith(prefix));
    if (rule !== undefined) (matches ??= []).push({ target, rule });
  }
  return matches ?? noMatches;
}

/** What is wrong in a rule's text, and at which character (the first is 1). */
export interface RuleFault {
  readonly position: number;
  readonly expected: string;
}

export type ParsedRule = { readonly rule: Rule } | { readonly faults: readonly RuleFault[] };

interface Word {
  readonly text: string;
  readonly position: number;
}

/** Reads `BUCKET[/PREFIX] -> TARGET[/BUCKET] [priority=N] [replicate=…] [enabled=false]`. */
export function parseRule(name: string, text: string): ParsedRule {
  const words: Word[] = [...text.matchAll(/[^ \t]+/g)].map((match) => ({
    text: match[0],
    position: match.index + 1,
  }));
  const [from, arrow, to, ...options] = words;
  const end = text.length + 1;
  if (from === undefined) return missing(end, 'BUCKET[/PREFIX] -> TARGET[/BUCKET]');
  if (arrow?.text !== '->') return missing(arrow?.position ?? end, '"->" between spaces');
  if (to === undefined) return missing(end, 'a target after "->"');

  const faults: RuleFault[] = [];
  const source = parseSource(from, faults);
  const [target, targetBucket] = splitOnce(to.text, '/');
  if (!/^[a-z0-9][a-z0-9-]*$/.test(target)) {
    const example = `, such as ${target.toLowerCase().replaceAll('_', '-')}`;
    const hint = /^\w[\w-]*$/.test(target) ? example : '';
    faults.push({
      position: to.position,
      expected: `expected a target's name in lower case${hint}`,
    });
  }
  if (targetBucket !== undefined && !isBucketName(targetBucket)) {
    const position = to.position + target.length + 1;
    faults.push({ position, expected: 'expected a bucket name after "/"' });
  }
  const chosen = parseOptions(options, faults);
  if (faults.length > 0) return { faults };
  return { rule: { name, ...source, target, targetBucket, ...chosen, origin: 'env' } };
}

function missing(position: number, what: string): ParsedRule {
  return { faults: [{ position, expected: `expected ${what}` }] };
}

function parseSource(word: Word, faults: RuleFault[]): { bucket: string; prefix: string } {
  const [bucket, encoded = ''] = splitOnce(word.text, '/');
  if (bucket !== '*' && !isBucketName(bucket)) {
    faults.push({ position: word.position, expected: 'expected a bucket name or *' });
  }
  const start = word.position + bucket.length + 1;
  const broken = /%(?![0-9A-Fa-f]{2})/.exec(encoded);
  if (broken !== null) {
    const expected = 'expected two hexadecimal digits after "%" (a "%" itself is %25)';
    faults.push({ position: start + broken.index, expected });
    return { bucket, prefix: '' };
  }
  try {
    return { bucket, prefix: decodeURIComponent(encoded) };
  } catch {
    faults.push({ position: start, expected: 'expected a prefix that decodes to UTF-8' });
    return { bucket, prefix: '' };
  }
}

interface RuleOptions {
  readonly priority: number;
  readonly replicate: ReadonlySet<Replicate>;
  readonly enabled: boolean;
}

const laterOptions: ReadonlySet<string> = new Set(['tags', 'storage-class', 'sse']);
const laterReplicate: ReadonlySet<string> = new Set(['existing-objects', 'metadata-sync', 'all']);

function parseOptions(words: readonly Word[], faults: RuleFault[]): RuleOptions {
  let priority = 0;
  let replicate: ReadonlySet<Replicate> = new Set();
  let enabled = true;
  const seen = new Set<string>();
  for (const word of words) {
    const [option, value = ''] = splitOnce(word.text, '=');
    const complain = (expected: string) => faults.push({ position: word.position, expected });
    if (seen.has(option)) complain(`${option}= is given twice`);
    seen.add(option);
    if (laterOptions.has(option)) {
      complain(`${option}= is not in this version`);
    } else if (option === 'priority') {
      if (!/^\d{1,9}$/.test(value)) complain('expected priority=N, a whole number');
      priority = Number(value);
    } else if (option === 'replicate') {
      replicate = parseReplicate(value, word.position + option.length + 1, faults);
    } else if (option === 'enabled') {
      if (value !== 'true' && value !== 'false') complain('expected enabled=true or enabled=false');
      enabled = value === 'true';
    } else {
      complain('expected one of priority=, replicate=, enabled=');
    }
  }
  return { priority, replicate, enabled };
}

function parseReplicate(value: string, start: number, faults: RuleFault[]): ReadonlySet<Replicate> {
  const chosen = new Set<Replicate>();
  let position = start;
  for (const word of value.split(',')) {
    if (word === 'delete' || word === 'delete-marker') chosen.add(word);
    else if (laterReplicate.has(word)) {
      faults.push({ position, expected: `replicate=${word} is not in this version` });
    } else {
      faults.push({ position, expected: 'expected delete-marker or delete' });
    }
    position += word.length + 1;
  }
  return chosen;
}

function isBucketName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(text);
}

/** The text before and after the first separator; the latter is undefined where there is none. */
function splitOnce(text: string, separator: string): [string, string | undefined] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
