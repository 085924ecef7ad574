// What an interceptor is told of its exchange at the end, once, when none of its own promises is open any more.

import type { SourceConnection } from './source-connection.ts';
import type { Interception, Outcome } from './types.ts';

export class Account {
  bytesReceived = 0;
  /** The request was handed over whole. */
  sent = false;
  /** The plan for the answer was carried out. */
  handled = false;
  /** Promises of the interceptor that have not settled. */
  pending = 0;
  readonly #end: Interception['end'];
  #written = false;
  #answerBegun = false;
  #told = false;

  constructor(interception: Interception | undefined) {
    this.#end = interception?.end?.bind(interception);
  }

  /** Notes what a connection has seen of the exchange before it is let go. */
  note(source: SourceConnection): void {
    this.#written ||= source.written;
    this.#answerBegun ||= source.answerBegun;
  }

  /** Waits for a promise of the interceptor. */
  wait<Value>(
    ask: () => Promise<Value>,
    proceed: (value: Value) => void,
    failed: (error: unknown) => void,
  ): void {
    this.pending += 1;
    const wait = async (): Promise<void> => {
      let value: Value;
      try {
        value = await ask();
      } finally {
        this.pending -= 1;
      }
      proceed(value);
    };
    wait().catch(failed);
  }

  /** The exchange is over: tells, unless a promise is still to settle. True if this was the moment. */
  tell(status: number, bytesSent: number): boolean {
    if (this.pending > 0 || this.#told) return false;
    this.#told = true;
    this.#end?.({
      outcome: this.#outcome(),
      status,
      bytesReceived: this.bytesReceived,
      bytesSent,
    });
    return true;
  }

  #outcome(): Outcome {
    if (!this.#written) return 'unsent';
    if (this.handled) return 'answered';
    return this.sent || this.#answerBegun ? 'lost' : 'cut';
  }
}
