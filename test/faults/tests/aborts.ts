/** Every operation, aborted by its caller at a random moment. */
import type { Job, Lab } from '../lab.js';
import { OPERATIONS } from '../operations/all.js';
import { tryOperation } from './try-operation.js';

const TEST = 'random aborts';
const ROUNDS = { short: 2, long: 10 };
/** Milliseconds within which nearly all calls end, most of them much sooner. */
const LONGEST = 300;

export async function aborts(lab: Lab): Promise<void> {
  const operations = Object.values(OPERATIONS).flat();
  const rounds = Array.from({ length: ROUNDS[lab.options.round] }, (_, round) => round);
  await lab.runAll(
    TEST,
    rounds.flatMap((round) =>
      operations.map((operation): Job => ({
        name: `${operation.name}, round ${round}`,
        run: (lane, random) =>
          tryOperation(lab, lane, random, {
            ...{ test: TEST, where: `${operation.name}, round ${round}`, operation },
            protocol: random.pick(operation.protocols),
            limit: Math.ceil(random.next() ** 2 * LONGEST),
            begin: () => undefined,
          }),
      })),
    ),
  );
}
