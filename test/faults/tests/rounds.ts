/** The structure of most tests: each case in each round is a job that counts towards a line of the table. */
import type { Lab, Lane, Round } from '../lab.js';
import type { Finding } from '../outcome.js';
import type { Random } from '../random.js';
import type { Tally } from '../table.js';

export interface Trial<Case> {
  readonly lane: Lane;
  readonly random: Random;
  readonly case: Case;
  /** A name for queues and blobs that no other job of the test uses. */
  readonly name: string;
}

export interface Rounds<Case> {
  /** The line of the table. */
  readonly test: string;
  readonly rounds: Readonly<Record<Round, number>>;
  readonly cases: readonly Case[];
  /** The prefix of trial names: lower-case letters and hyphens. */
  readonly prefix: string;
  readonly run: (trial: Trial<Case>) => Promise<Finding | Tally>;
}

export async function runRounds<Case extends { readonly name: string }>(
  lab: Lab,
  { test, rounds, cases, prefix, run }: Rounds<Case>,
): Promise<void> {
  const numbers = Array.from({ length: rounds[lab.options.round] }, (_, round) => round);
  const jobs = numbers.flatMap((round) =>
    cases.map((one, at) => ({
      name: `${one.name}, round ${round}`,
      run: async (lane: Lane, random: Random): Promise<void> => {
        const found = await run({ lane, random, case: one, name: `${prefix}-${at}-${round}` });
        if ('verdict' in found) lab.table.fail({ test, where: `${one.name}, round ${round}`, finding: found });
        else lab.table.add(test, found);
      },
    })),
  );
  await lab.runAll(test, jobs);
}
