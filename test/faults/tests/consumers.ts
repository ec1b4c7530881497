/**
 * A consumer under every fault for a while: once the network has recovered, each message is handled or in the poison
 * queue. Stalled requests stay stalled: a request without an answer must not stop a consumer.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Lab } from '../lab.js';
import { attempt, type Finding, lost, wrong } from '../outcome.js';
import { type Fault, FAULTS } from '../proxy/faults.js';
import { quickConsumer } from '../quick-consumer.js';
import { policyOf } from '../storage.js';
import type { Tally } from '../table.js';
import { holdsWithin } from '../waiting.js';
import { runRounds, type Trial } from './rounds.js';

const GOOD = 6;
const OUTAGE_MS = 2_500;
/**
 * Milliseconds after the outage until everything is settled: deadlines, leases and pauses of the consumer have expired.
 */
const RECOVERY_MS = 60_000;
const STOP_MS = 15_000;

export async function consumers(lab: Lab): Promise<void> {
  await runRounds(lab, {
    ...{ test: 'consumers under faults', prefix: 'consumer', rounds: { short: 1, long: 2 }, cases: FAULTS },
    // a short round takes a third of the faults
    run: async (trial) => (lab.isSampled(trial.random, 1 / 3) ? consume(lab, trial) : {}),
  });
}

async function consume(lab: Lab, { lane, random, case: fault, name }: Trial<Fault>): Promise<Finding | Tally> {
  const queue = lab.direct.queues(policyOf('2.0')).getQueueClient(name);
  const poison = lab.direct.queues(policyOf('2.0')).getQueueClient(`${name}-poison`);
  await Promise.all([queue.create(), poison.create()]);
  const contents = Array.from({ length: GOOD }, (_, at) => `good ${at} ${random.text(100)}`);
  await queue.unencryptedClient.sendMessage('not encrypted');
  for (const content of [...contents, 'fails']) await queue.sendMessage(content);

  const handled = new Set<string>();
  const consumer = quickConsumer(lane.through.queues(policyOf('2.0')), name, async ({ text }, signal) => {
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
  if (strangers.length > 0) return wrong(`${strangers.length} messages that were never sent`);
  if (!isSettled && missing.length <= (await left())) {
    return { verdict: 'hang', what: `${await left()} messages are waiting, and the consumer does nothing` };
  }
  if (missing.length > 0) return lost(`${missing.length} messages were deleted without being handled`);
  if ((await poisoned()) < 2) return lost(`${await poisoned()} of 2 messages are in the poison queue`);
  return stopped.kind === 'hang' ? { verdict: 'hang', what: 'the stop does not end' } : { right: GOOD + 2 };
}
