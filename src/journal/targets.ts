// The targets' names, numbers and epochs, both ways.

import { SidecarError } from '../errors.ts';
import type { Marker } from './marker.ts';

export interface KnownTarget {
  readonly name: string;
  readonly number: number;
  readonly epoch: number;
}

export class Targets {
  readonly #byName = new Map<string, KnownTarget>();
  readonly #byNumber = new Map<number, KnownTarget>();
  readonly #byEpoch = new Map<number, KnownTarget>();

  constructor(marker: Marker) {
    for (const [name, { number, epoch }] of Object.entries(marker.targets)) {
      const target = { name, number, epoch };
      this.#byName.set(name, target);
      this.#byNumber.set(number, target);
      this.#byEpoch.set(epoch, target);
    }
  }

  find(name: string): KnownTarget | undefined {
    return this.#byName.get(name);
  }

  get(name: string): KnownTarget {
    const target = this.#byName.get(name);
    if (target !== undefined) return target;
    throw new SidecarError(`the journal knows no target ${JSON.stringify(name)}`, {
      code: 'unknown-target',
      retryable: false,
      hint: 'a target must have been configured once',
    });
  }

  byNumber(number: number): KnownTarget | undefined {
    return this.#byNumber.get(number);
  }

  all(): Iterable<KnownTarget> {
    return this.#byNumber.values();
  }

  /** Only what is known of a target's present endpoint and bucket means anything. */
  readonly isCurrent = (epoch: number): boolean => this.#byEpoch.has(epoch);
  readonly nameOf = (epoch: number): string | undefined => this.#byEpoch.get(epoch)?.name;
}
