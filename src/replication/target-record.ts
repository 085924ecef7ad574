// What one target's worker has counted since the process began: shown in status and metrics, never decided upon.

import type { Lag } from './lag-window.ts';
import { LagWindow } from './lag-window.ts';

export class TargetRecord {
  readonly #lags = new LagWindow();
  #completed = 0;
  #bytes = 0;
  #error: { readonly text: string; readonly at: number } | undefined;

  completed(bytes: number, lagSeconds: number): void {
    this.#completed += 1;
    this.#bytes += bytes;
    this.#lags.add(lagSeconds);
  }

  failed(text: string, at: number): void {
    this.#error = { text, at };
  }

  read(): {
    readonly completed: number;
    readonly completedBytes: number;
    readonly lag: Lag;
    readonly lastError?: string;
    readonly lastErrorAt?: number;
  } {
    return {
      completed: this.#completed,
      completedBytes: this.#bytes,
      lag: this.#lags.lag(),
      ...(this.#error === undefined
        ? {}
        : { lastError: this.#error.text, lastErrorAt: this.#error.at }),
    };
  }
}
