/** What a process does repeatedly until it is killed, and what must be stored afterwards. */
import type { Ground } from '../operations/operation.js';
import type { Finding } from '../outcome.js';

/** The last round known to have ended, and the last one that may have started. */
export interface Progress {
  readonly done: number;
  readonly begun: number;
}

export interface Work {
  readonly name: string;
  /**
   * The number of processes killed in sequence, and the maximum milliseconds each may run after its first round starts.
   */
  readonly lives: { readonly count: number; readonly longest: number };
  /** Runs before the first process starts. */
  readonly prepare: (ground: Ground) => Promise<void>;
  /** One round, in the process that is killed; rounds count from 1 in each process. */
  readonly round: (ground: Ground, round: number) => Promise<void>;
  readonly judge: (ground: Ground, progress: Progress) => Promise<Finding | undefined>;
}

/** For short rounds. */
export const ONE_LIFE: Work['lives'] = { count: 1, longest: 400 };

export const roundsOf = ({ done, begun }: Progress): readonly number[] =>
  Array.from({ length: begun - done + 1 }, (_, at) => done + at);
