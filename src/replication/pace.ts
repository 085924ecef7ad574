// How many tasks a target is given at once: more while it bears them, half as many when it complains. Pure.

export interface Pace {
  /** Not rounded, so that growth by fractions adds up. */
  readonly limit: number;
  readonly max: number;
}

const startLimit = 8;

export function startPace(max: number): Pace {
  return { limit: Math.min(startLimit, max), max };
}

/** Doubles in the time of `limit` tasks: a target that came back is at full speed within seconds. */
export function faster({ limit, max }: Pace): Pace {
  return { limit: Math.min(limit + 1, max), max };
}

/** Called at most once for what was in flight together, see `target-worker.ts`. */
export function slower({ limit, max }: Pace): Pace {
  return { limit: Math.max(limit / 2, 1), max };
}
