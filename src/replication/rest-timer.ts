// Wakes the resting lanes of one target when they are due. It looks at least once a minute, so that neither a step of
// the clock nor a lost wake-up leaves anything asleep.

const lookAtLeastMs = 60_000;
/** The wall clock went so far another way than the monotonic one: it was set. */
const stepMs = 10_000;

export interface RestTimerOptions {
  readonly now: () => number;
  /** Wakes what is due at that time. */
  readonly wakeDue: (at: number) => Promise<unknown>;
  /** Wakes all that rests by itself: times on disk cannot be trusted any more. */
  readonly wakeAll: () => Promise<unknown>;
  /** When the next one is due. */
  readonly nextDue: () => Promise<number | undefined>;
  readonly failed: (error: unknown) => void;
}

export class RestTimer {
  readonly #options: RestTimerOptions;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #wall: number;
  #monotonic = performance.now();
  #isClosed = false;

  constructor(options: RestTimerOptions) {
    this.#options = options;
    this.#wall = options.now();
  }

  start(): void {
    this.#look();
  }

  /** Something will be due then. */
  dueAt(at: number): void {
    if (at >= this.#armedFor || this.#isClosed) return;
    this.#armedFor = at;
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(at - this.#options.now(), 0) + 1, lookAtLeastMs);
    this.#timer = setTimeout(() => this.#look(), delay);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #look(): void {
    this.#looking = this.#lookOnce().catch((error: unknown) => this.#options.failed(error));
    // After a failed look, too, there will be another one.
    void this.#looking.then(() => this.#rearm());
  }

  async #lookOnce(): Promise<void> {
    const { now, wakeAll, wakeDue } = this.#options;
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (this.#hasStepped()) await wakeAll();
    else await wakeDue(now());
    const due = await this.#options.nextDue();
    if (due !== undefined) this.dueAt(Math.min(due, now() + lookAtLeastMs));
  }

  #rearm(): void {
    this.dueAt(this.#options.now() + lookAtLeastMs);
  }

  #hasStepped(): boolean {
    const wall = this.#options.now();
    const monotonic = performance.now();
    const drift = Math.abs(wall - this.#wall - (monotonic - this.#monotonic));
    this.#wall = wall;
    this.#monotonic = monotonic;
    return drift > stepMs;
  }
}
