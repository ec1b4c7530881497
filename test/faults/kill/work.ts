/** What a process does over and over until it is killed, and what must be there afterwards. */
import type { Ground } from '../operations/operation.js';
import type { Finding } from '../outcome.js';

/** The last round that is known to be over, and the last one that may have begun. */
export interface Progress {
  readonly done: number;
  readonly begun: number;
}

export interface Work {
  readonly name: string;
  /** Processes that are killed one after the other, and the milliseconds from the first round on that one may last. */
  readonly lives: { readonly count: number; readonly longest: number };
  /** Before the first process starts. */
  readonly prepare: (ground: Ground) => Promise<void>;
  /** One round, in the process that is killed; rounds count from 1 in each process. */
  readonly round: (ground: Ground, round: number) => Promise<void>;
  readonly judge: (ground: Ground, progress: Progress) => Promise<Finding | undefined>;
}

/** For rounds that are short. */
export const ONE_LIFE: Work['lives'] = { count: 1, longest: 400 };

export const roundsOf = ({ done, begun }: Progress): readonly number[] =>
  Array.from({ length: begun - done + 1 }, (_, at) => done + at);
