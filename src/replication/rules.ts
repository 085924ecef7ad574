// Rules: which target wants which key, and what of it. Pure.

export type Replicate = 'delete-marker' | 'delete';

export interface Rule {
  readonly name: string;
  /** A bucket's name, or `*`. */
  readonly bucket: string;
  readonly prefix: string;
  readonly target: string;
  /** The bucket at the target; undefined: the target's own default, else the source bucket's name. */
  readonly targetBucket: string | undefined;
  readonly priority: number;
  readonly replicate: ReadonlySet<Replicate>;
  readonly enabled: boolean;
  readonly origin: 'env' | 'api';
}
