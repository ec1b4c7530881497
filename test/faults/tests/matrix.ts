/** Every fault on every operation in every protocol: the right result, or a typed error. */
import type { ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import type { Job, Lab, Test } from '../lab.js';
import { OPERATIONS } from '../operations/all.js';
import type { Operation } from '../operations/operation.js';
import { type Fault, FAULTS } from '../proxy/faults.js';
import type { Hits } from '../proxy/faulty-proxy.js';
import type { Random } from '../random.js';
import { tryOperation } from './try-operation.js';

/** Milliseconds for a call under a fault that stalls, and under any other. */
const STALL_LIMIT = 400;
const LIMIT = 5_000;

/** By the line of the table that counts it. */
export const matrix: Readonly<Record<string, Test>> = Object.fromEntries(
  Object.entries(OPERATIONS).map(([group, operations]) => {
    const test = `faults x ${group}`;
    const run = async (lab: Lab): Promise<void> => {
      const jobs = operations.flatMap((operation) =>
        FAULTS.flatMap((fault) => jobsOf(lab, test, { operation, fault })),
      );
      await lab.runAll(test, jobs);
    };
    return [test, run];
  }),
);

interface Cell {
  readonly operation: Operation;
  readonly fault: Fault;
}

/** The first request; a later one; all of them, or a storm. */
const PLANS: readonly ((random: Random) => Hits)[] = [
  () => (index) => index === 0,
  (random) => {
    const hit = random.chance(0.4) ? 1 : random.between(2, 6);
    return (index) => index === hit;
  },
  (random) => (random.chance(0.5) ? () => true : () => random.chance(0.5)),
];

/**
 * A long round runs all plans in all protocols; a short one half of the cells, with a random plan in a random protocol.
 */
function jobsOf(lab: Lab, test: string, { operation, fault }: Cell): readonly Job[] {
  const jobOf = (name: string, protocol?: ProtocolVersion, plan?: number): Job => ({
    name,
    run: async (lane, random) => {
      if (!lab.isSampled(random, 1 / 2)) return;
      await tryOperation(lab, lane, random, {
        ...{ test, where: name, operation },
        protocol: protocol ?? random.pick(operation.protocols),
        limit: fault.stalls === true ? STALL_LIMIT : LIMIT,
        begin: () => {
          lane.proxy.inject(fault, (plan === undefined ? random.pick(PLANS) : PLANS[plan]!)(random));
        },
      });
    },
  });
  const cell = `${operation.name}, ${fault.name}`;
  if (!lab.isLong) return [jobOf(cell)];
  return operation.protocols.flatMap((protocol) =>
    PLANS.map((_, plan) => jobOf(`${cell}, ${protocol}, plan ${plan}`, protocol, plan)),
  );
}
