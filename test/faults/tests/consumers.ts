/**
 * A consumer under every fault for a while: each message is handled, or lies in the poison queue, once the network is well again.
 * What was stalled stays so: a request without an answer must not stop a consumer.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  EncryptedQueueConsumer,
  type EncryptedQueueConsumerOptions,
  type EncryptedQueueMessageHandler,
  type EncryptedQueueService,
} from 'nestjs-azure-encrypted-storage';
import type { Job, Lab, Lane } from '../lab.js';
import { attempt, type Finding, lost, wrong } from '../outcome.js';
import { type Fault, FAULTS } from '../proxy/faults.js';
import type { Random } from '../random.js';
import { policyOf } from '../storage.js';
import { holdsWithin } from './waiting.js';

const TEST = 'consumers under faults';
const GOOD = 6;
const OUTAGE_MS = 2_500;
/** Milliseconds after the outage in which everything is settled: deadlines, leases and pauses of the consumer have run out. */
const RECOVERY_MS = 60_000;
const STOP_MS = 15_000;

/** Seconds. */
const QUICK: EncryptedQueueConsumerOptions = {
  ...{ concurrency: 4, visibilityTimeout: 2, shutdownTimeout: 1, maxFailures: 2 },
  ...{ minPollDelay: 0.02, maxPollDelay: 0.2, minRetryDelay: 0, maxRetryDelay: 1 },
};

export function consumerOf(
  queues: EncryptedQueueService,
  name: string,
  handler: EncryptedQueueMessageHandler,
): EncryptedQueueConsumer {
  const source = {
    queue: queues.getQueueClient(name),
    getPoisonQueue: (poison: string) => queues.unencryptedServiceClient.getQueueClient(poison),
  };
  return new EncryptedQueueConsumer(source, handler, QUICK);
}

export async function consumers(lab: Lab): Promise<void> {
  const rounds = lab.isLong ? [0, 1] : [0];
  const jobs = rounds.flatMap((round) =>
    FAULTS.map((fault): Job => ({
      name: `${fault.name}, round ${round}`,
      run: async (lane, random) => {
        // a short round takes a third of the faults
        if (!lab.isLong && lab.options.only === undefined && !random.chance(1 / 3)) return;
        const finding = await consume(lab, lane, { fault, random, name: `consumer-${FAULTS.indexOf(fault)}-${round}` });
        if (finding === undefined) lab.table.count(TEST, 'right', GOOD + 2);
        else lab.table.fail({ test: TEST, where: `${fault.name}, round ${round}`, finding });
      },
    })),
  );
  await lab.runAll(TEST, jobs);
}

interface Outage {
  readonly fault: Fault;
  readonly random: Random;
  readonly name: string;
}

async function consume(lab: Lab, lane: Lane, { fault, random, name }: Outage): Promise<Finding | undefined> {
  const queue = lab.direct.queues(policyOf('2.0')).getQueueClient(name);
  const poison = lab.direct.queues(policyOf('2.0')).getQueueClient(`${name}-poison`);
  await Promise.all([queue.create(), poison.create()]);
  const contents = Array.from({ length: GOOD }, (_, at) => `good ${at} ${random.text(100)}`);
  await queue.unencryptedClient.sendMessage('not encrypted');
  for (const content of [...contents, 'fails']) await queue.sendMessage(content);

  const handled = new Set<string>();
  const consumer = consumerOf(lane.through.queues(policyOf('2.0')), name, async ({ text }, signal) => {
    // some handlers need their lease to be renewed
    await pause(random.chance(0.3) ? 1_500 : 10, undefined, { signal });
    if (text === 'fails') throw new Error('this message always fails');
    handled.add(text);
  });
  await consumer.start();
  lane.proxy.inject(fault, () => random.chance(0.4));
  await pause(OUTAGE_MS);
  lane.proxy.lift();

  const left = async (): Promise<number> => (await queue.getProperties()).approximateMessagesCount ?? 0;
  const poisoned = async (): Promise<number> => (await poison.getProperties()).approximateMessagesCount ?? 0;
  const isSettled = await holdsWithin(RECOVERY_MS, async () => (await left()) === 0 && (await poisoned()) >= 2);
  const stopped = await attempt(() => consumer.stop(), STOP_MS);
  await lane.proxy.heal();

  const missing = contents.filter((content) => !handled.has(content));
  const strangers = [...handled].filter((text) => !contents.includes(text));
  if (strangers.length > 0) return wrong(`${strangers.length} messages that nobody sent`);
  if (!isSettled && missing.length <= (await left())) {
    return { verdict: 'hang', what: `${await left()} messages wait, and the consumer does nothing` };
  }
  if (missing.length > 0) return lost(`${missing.length} messages were deleted and not handled`);
  if ((await poisoned()) < 2) return lost(`${await poisoned()} of 2 messages are in the poison queue`);
  return stopped.kind === 'hang' ? { verdict: 'hang', what: 'the stop does not end' } : undefined;
}
