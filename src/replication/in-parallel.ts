// Runs a step for each of many values, a few at a time. The first failure stops the others and is thrown once all
// have ended, so that nothing goes on behind the back of whoever waited.

export async function inParallel<T, R>(
  values: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  step: (value: T, signal: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < values.length && failures.length === 0) {
      const index = next;
      next += 1;
      try {
        // oxlint-disable-next-line no-await-in-loop, typescript/no-non-null-assertion -- each runner goes one by one, and `index` is within bounds
        results[index] = await step(values[index]!, either);
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, values.length) }, run));
  if (failures.length > 0) throw failures[0];
  return results;
}
