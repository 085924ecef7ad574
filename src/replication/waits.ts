// Writes that wait for sync targets: each task is waited for until it reached COMPLETED or FAILED, its target turned
// out to be down or paused, or its time ran out.

import type { Task } from '../journal/types.ts';

/** Tasks may end before anybody waits for them: so many ends are remembered. */
const rememberedMax = 10_000;

export class SyncWaits {
  readonly #waiting = new Map<string, Map<string, Set<() => void>>>();
  readonly #ended = new Set<string>();

  /** How many waits are open. */
  get size(): number {
    let total = 0;
    for (const tasks of this.#waiting.values()) {
      for (const listeners of tasks.values()) total += listeners.size;
    }
    return total;
  }

  /** The task reached COMPLETED or FAILED. */
  settled({ target, sequence }: Task): void {
    const name = `${target}:${sequence}`;
    this.#ended.add(name);
    if (this.#ended.size > rememberedMax) {
      const [oldest] = this.#ended;
      if (oldest !== undefined) this.#ended.delete(oldest);
    }
    for (const end of this.#waiting.get(target)?.get(name) ?? []) end();
  }

  /** Waiting for this target became pointless. */
  giveUp(target: string): void {
    const tasks = [...(this.#waiting.get(target)?.values() ?? [])];
    for (const listeners of tasks) for (const end of listeners) end();
  }

  giveUpAll(): void {
    for (const target of this.#waiting.keys()) this.giveUp(target);
  }

  /** Never rejects. */
  wait({ target, sequence }: Task, timeoutMs: number): Promise<void> {
    const name = `${target}:${sequence}`;
    if (this.#ended.has(name) || timeoutMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#remove(target, name, end);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#add(target, name, end);
    });
  }

  #add(target: string, name: string, end: () => void): void {
    const tasks = this.#waiting.get(target) ?? new Map<string, Set<() => void>>();
    this.#waiting.set(target, tasks);
    tasks.set(name, (tasks.get(name) ?? new Set()).add(end));
  }

  #remove(target: string, name: string, end: () => void): void {
    const listeners = this.#waiting.get(target)?.get(name);
    listeners?.delete(end);
    if (listeners?.size === 0) this.#waiting.get(target)?.delete(name);
  }
}
