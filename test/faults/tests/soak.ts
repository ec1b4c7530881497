/** Everything concurrently for a while, with occasional faults: memory and handles return to their initial level. */
import { setFlagsFromString } from 'node:v8';
import { setTimeout as pause } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import type { Job, Lab } from '../lab.js';
import { OPERATIONS } from '../operations/all.js';
import { type Finding, wrong } from '../outcome.js';
import { FAULTS } from '../proxy/faults.js';
import { tryOperation } from './try-operation.js';

const TEST = 'soak';
const SECONDS = { short: 10, long: 90 };
const FAULTY = 0.2;
const LIMIT_MS = 2_000;
const MiB = 1024 * 1024;
/**
 * What a process may hold in addition at the end compared with the end of its first part, when caches and pools are
 * full.
 */
const GROWTH = { short: 40 * MiB, long: 24 * MiB };
/** Idle keep-alive connections close by themselves. */
const SETTLE_MS = 6_000;
const MORE_HANDLES = 5;
/** Remaining connections belong to the SDKs' agents and to the proxies. */
const CONNECTIONS = ['TCPSocketWrap', 'TCPServerWrap'];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export async function soak(lab: Lab): Promise<void> {
  if (lab.options.only !== undefined && !TEST.includes(lab.options.only)) return;
  const seconds = SECONDS[lab.options.round];
  const handlesBefore = handles();
  await work(lab, 'first', seconds / 3);
  const memoryBefore = memory();
  await work(lab, 'second', (seconds * 2) / 3);
  await pause(SETTLE_MS);
  const grown = memory() - memoryBefore;
  const left = handles().length - handlesBefore.length;
  if (grown > GROWTH[lab.options.round]) fail(lab, wrong(`${Math.round(grown / MiB)} MiB more than at first`));
  if (left > MORE_HANDLES) fail(lab, wrong(`${left} handles more than at first: ${handles().join(', ')}`));
  console.error(`soak: ${(grown / MiB).toFixed(1)} MiB and ${left} handles more than at first`);
}

const fail = ({ table }: Lab, finding: Finding): void => {
  table.fail({ test: TEST, where: 'memory and handles', finding });
};

/** An endless job for each lane. */
async function work(lab: Lab, part: string, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  const operations = Object.values(OPERATIONS).flat();
  const jobs = Array.from({ length: 8 }, (_, at): Job => {
    const name = `${TEST}, ${part} part, lane ${at}`;
    return {
      name,
      run: async (lane, random) => {
        while (performance.now() < end) {
          const operation = random.pick(operations);
          const fault = random.pick(FAULTS);
          const where = `${name}: ${operation.name}, ${fault.name}`;
          await tryOperation(lab, lane, random, {
            ...{ test: TEST, where, operation, protocol: random.pick(operation.protocols), limit: LIMIT_MS },
            begin: () => {
              lane.proxy.inject(fault, () => random.chance(FAULTY));
            },
          });
        }
      },
    };
  });
  await lab.runAll(TEST, jobs);
}

/** Bytes in use after garbage collection. */
function memory(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const handles = (): readonly string[] => process.getActiveResourcesInfo().filter((name) => !CONNECTIONS.includes(name));
