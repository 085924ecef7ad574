import test from 'ava';
import * as fc from 'fast-check';
import { OldestWindow } from '../../src/journal/oldest-window.ts';
import { ReadyWindow } from '../../src/journal/ready-window.ts';

const sizeMax = 4;

/** Claims through a small window over a set that stands for the disk; returns what a claim gives. */
class Claimer {
  readonly disk = new Set<number>();
  readonly inFlight = new Set<number>();
  readonly window = new ReadyWindow(sizeMax);

  insert(sequence: number): void {
    this.disk.add(sequence);
    this.window.insert(sequence);
  }

  take(): number | undefined {
    while (this.window.needsFill()) {
      const above = [...this.disk].filter((sequence) => sequence > this.window.through);
      const page = above.toSorted((a, b) => a - b).slice(0, sizeMax);
      const isInFlight = (sequence: number): boolean => this.inFlight.has(sequence);
      this.window.extend(page, page.length < sizeMax, isInFlight);
    }
    const taken = this.window.take();
    if (taken !== undefined) this.inFlight.add(taken);
    return taken;
  }
}

test('a window gives the oldest ready sequence each time and never holds more than its size', (t) => {
  const step = fc.oneof(
    fc.record({ insert: fc.integer({ min: 1, max: 60 }) }),
    fc.constant('take' as const),
    fc.constant('finish' as const),
    fc.constant('release' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const claimer = new Claimer();
      for (const next of steps) {
        const [first] = claimer.inFlight;
        if (next === 'take') {
          const ready = [...claimer.disk].filter((sequence) => !claimer.inFlight.has(sequence));
          const oldest = ready.length === 0 ? undefined : Math.min(...ready);
          if (claimer.take() !== oldest) return false;
        } else if (next === 'finish' && first !== undefined) {
          claimer.inFlight.delete(first);
          claimer.disk.delete(first);
        } else if (next === 'release' && first !== undefined) {
          claimer.inFlight.delete(first);
          claimer.window.insert(first);
        } else if (typeof next === 'object' && !claimer.disk.has(next.insert)) {
          claimer.insert(next.insert);
        }
        if (claimer.window.size > sizeMax) return false;
      }
      return true;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a hundred thousand ready tasks take no more room than the window has', (t) => {
  const ready = new ReadyWindow(256);
  const oldest = new OldestWindow(256);
  ready.extend([], true, () => false);
  oldest.extend([], false);
  for (let sequence = 1; sequence <= 100_000; sequence++) {
    ready.insert(sequence);
    oldest.added(sequence, sequence);
  }
  t.is(ready.size, 256);
  t.is(oldest.size, 256);
  t.is(ready.take(), 1);
  t.is(oldest.oldest(), 1);
});

test('the oldest task is known whatever order tasks end in', (t) => {
  const window = new OldestWindow(2);
  window.extend([], false);
  window.added(1, 10);
  window.added(2, 20);
  window.added(3, 30);
  window.removed(1);
  t.is(window.oldest(), 20);
  window.removed(2);
  t.true(window.needsFill());
  window.extend([[3, 30]], false);
  t.is(window.oldest(), 30);
  window.removed(3);
  t.is(window.oldest(), undefined);
  t.false(window.needsFill());
});
