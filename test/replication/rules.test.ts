// Rules: the grammar with the place of each fault, and which rule decides for a key.

import test from 'ava';
import * as fc from 'fast-check';
import { compileRules, parseRule, type Rule } from '../../src/replication/rules.ts';

function rule(text: string, name = 'r'): Rule {
  const parsed = parseRule(name, text);
  if ('rule' in parsed) return parsed.rule;
  throw new Error(JSON.stringify(parsed.faults));
}

test('a rule with everything is read', (t) => {
  t.deepEqual(
    rule('photos/2026/ -> site-b/copies priority=10 replicate=delete enabled=false', 'photos'),
    {
      name: 'photos',
      bucket: 'photos',
      prefix: '2026/',
      target: 'site-b',
      targetBucket: 'copies',
      priority: 10,
      replicate: new Set(['delete'] as const),
      enabled: false,
      origin: 'env',
    },
  );
});

test('a rule with nothing but its ends has the defaults', (t) => {
  t.like(rule('* -> offsite'), {
    bucket: '*',
    prefix: '',
    targetBucket: undefined,
    priority: 0,
    enabled: true,
  });
  t.is(rule('* -> offsite').replicate.size, 0);
});

test('a prefix is percent-decoded as UTF-8, and a plus stays a plus', (t) => {
  t.is(rule('b/a%20b+c%2Fd/%C3%A4 -> x').prefix, 'a b+c/d/ä');
  t.is(rule('b//x -> x').prefix, '/x');
});

const faults: readonly (readonly [text: string, position: number, expected: RegExp])[] = [
  ['', 1, /BUCKET/],
  ['photos', 7, /"->"/],
  ['photos site-b', 8, /"->"/],
  ['photos->site-b', 15, /"->"/],
  ['photos ->', 10, /a target/],
  ['-x -> b', 1, /bucket name or \*/],
  ['** -> b', 1, /bucket name or \*/],
  ['b/%4x -> b', 3, /hexadecimal/],
  ['b/a%ff -> b', 3, /UTF-8/],
  ['b -> SITE_B', 6, /lower case, such as site-b/],
  ['b -> x/', 8, /bucket name after/],
  ['b -> x priority=high', 8, /priority=N/],
  ['b -> x priority=-1', 8, /priority=N/],
  ['b -> x enabled=no', 8, /enabled=true/],
  ['b -> x replicate=delete,remove', 25, /delete-marker or delete/],
  ['b -> x replicate=', 18, /delete-marker or delete/],
  ['b -> x replicate=all', 18, /replicate=all is not in this version/],
  ['b -> x replicate=delete,existing-objects', 25, /not in this version/],
  ['b -> x replicate=metadata-sync', 18, /not in this version/],
  ['b -> x tags=a=b', 8, /tags= is not in this version/],
  ['b -> x storage-class=COLD', 8, /storage-class= is not in this version/],
  ['b -> x sse=AES256', 8, /sse= is not in this version/],
  ['b -> x prio=1', 8, /one of priority=/],
  ['b -> x priority=1 priority=2', 19, /given twice/],
];

for (const [text, position, expected] of faults) {
  test(`the rule "${text}" is faulty at character ${position}`, (t) => {
    const parsed = parseRule('r', text);
    const found = 'faults' in parsed ? parsed.faults : [];
    t.is(found.length, 1);
    t.is(found[0]?.position, position);
    t.regex(found[0]?.expected ?? '', expected);
  });
}

test('all faults of a rule are told', (t) => {
  const parsed = parseRule('r', '-/%zz -> B priority=x replicate=y');
  t.is('faults' in parsed ? parsed.faults.length : 0, 5);
});

test('per target the highest priority decides, then the longer prefix, then the name', (t) => {
  const low = rule('b/a -> x priority=1', 'low');
  const high = rule('b -> x priority=2', 'high');
  const other = rule('b -> y', 'other');
  const rules = compileRules([low, other, high]);
  t.deepEqual(rules.targetsFor('b', 'abc'), [
    { target: 'x', rule: high },
    { target: 'y', rule: other },
  ]);
  const longer = rule('b/ab -> x priority=2', 'z');
  t.is(compileRules([high, longer]).targetsFor('b', 'abc')[0]?.rule, longer);
  t.is(compileRules([high, longer]).targetsFor('b', 'xyz')[0]?.rule, high);
  const twin = rule('b -> x priority=2', 'a-first');
  t.is(compileRules([high, twin]).targetsFor('b', 'k')[0]?.rule, twin);
});

test('the rule for every bucket counts beside a bucket of its own', (t) => {
  const every = rule('* -> x priority=5', 'every');
  const own = rule('b -> x', 'own');
  const rules = compileRules([own, every]);
  t.is(rules.targetsFor('b', 'k')[0]?.rule, every);
  t.is(rules.targetsFor('c', 'k')[0]?.rule, every);
});

test('a disabled rule matches nothing', (t) => {
  const rules = compileRules([rule('b -> x enabled=false')]);
  t.deepEqual(rules.targetsFor('b', 'k'), []);
  t.false(rules.mayMatchBucket('b'));
});

test('a bucket that is a target on the source is exempt from the rule for every bucket', (t) => {
  const every = rule('* -> x', 'every');
  const own = rule('copies -> x', 'own');
  const second = rule('copies/p -> y', 'second');
  t.false(compileRules([every], ['copies']).mayMatchBucket('copies'));
  const rules = compileRules([every, own, second], ['copies']);
  t.deepEqual(rules.targetsFor('copies', 'p'), [
    { target: 'x', rule: own },
    { target: 'y', rule: second },
  ]);
  t.is(rules.targetsFor('other', 'p')[0]?.rule, every);
});

test('any set of rules decides as the definition says', (t) => {
  const word = fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'ä');
  const anyRule = fc.record({
    name: fc.constantFrom('p', 'q', 'r', 's'),
    bucket: fc.constantFrom('*', 'one', 'two'),
    prefix: word,
    target: fc.constantFrom('x', 'y', 'z'),
    priority: fc.integer({ min: 0, max: 2 }),
    enabled: fc.boolean(),
  });
  const exemptions = fc.subarray(['one', 'two']);
  const property = fc.property(
    fc.uniqueArray(anyRule, { selector: ({ name }) => name }),
    exemptions,
    fc.constantFrom('one', 'two', 'three'),
    fc.constantFrom('', 'a', 'abcd', 'bc', 'äx'),
    (drafts, exempt, bucket, key) => {
      const rules = drafts.map(
        (draft): Rule => ({
          ...draft,
          targetBucket: undefined,
          replicate: new Set(),
          origin: 'env',
        }),
      );
      const compiled = compileRules(rules, exempt);
      const wanted = ['x', 'y', 'z'].flatMap((target) => {
        const winner = decide(rules, target, { bucket, key, exempt });
        return winner === undefined ? [] : [{ target, rule: winner }];
      });
      t.deepEqual(compiled.targetsFor(bucket, key), wanted);
      if (wanted.length > 0) t.true(compiled.mayMatchBucket(bucket));
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});

/** The contract's sentence, word by word. */
function decide(
  rules: readonly Rule[],
  target: string,
  { bucket, key, exempt }: { bucket: string; key: string; exempt: readonly string[] },
): Rule | undefined {
  let best: Rule | undefined;
  for (const candidate of rules) {
    if (!candidate.enabled || candidate.target !== target) continue;
    const everywhere = candidate.bucket === '*' && !exempt.includes(bucket);
    if (candidate.bucket !== bucket && !everywhere) continue;
    if (!key.startsWith(candidate.prefix)) continue;
    if (best === undefined || beats(candidate, best)) best = candidate;
  }
  return best;
}

function beats(candidate: Rule, best: Rule): boolean {
  if (candidate.priority !== best.priority) return candidate.priority > best.priority;
  const [longer, other] = [candidate.prefix.length, best.prefix.length];
  if (longer !== other) return longer > other;
  return candidate.name < best.name;
}
