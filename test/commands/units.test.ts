// Durations, sizes and columns as people read them.

import test from 'ava';
import { alignColumns } from '../../src/commands/columns.ts';
import { formatBytes, formatDuration } from '../../src/commands/units.ts';

test('a duration has at most two units', (t) => {
  const cases = [
    [0.012, '12ms'],
    [1.25, '1.3s'],
    [7, '7s'],
    [61, '1m 1s'],
    [3661, '1h 1m'],
    [90_061, '1d 1h'],
  ] as const;
  for (const [seconds, text] of cases) t.is(formatDuration(seconds), text);
});

test('a size is told in the largest unit that it fills', (t) => {
  t.is(formatBytes(0), '0 B');
  t.is(formatBytes(1023), '1023 B');
  t.is(formatBytes(1024), '1.0 KiB');
  t.is(formatBytes(1024 ** 4 * 2.5), '2.5 TiB');
});

test('columns are aligned by characters, colours not counted', (t) => {
  const rows = [
    ['a', '1', 'x'],
    ['ää', '\u001b[31m22\u001b[39m', ''],
  ];
  t.is(alignColumns(rows, new Set([1])), 'a    1  x\nää  \u001b[31m22\u001b[39m\n');
  t.is(alignColumns([]), '');
});
