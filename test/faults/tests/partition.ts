/**
 * Two consumers, one of which loses its network: the second starts a message only after the first was asked to stop.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Lab } from '../lab.js';
import { type Finding, wrong } from '../outcome.js';
import { type Fault, OUTAGES } from '../proxy/faults.js';
import { quickConsumer } from '../quick-consumer.js';
import { policyOf } from '../storage.js';
import type { Tally } from '../table.js';
import { holdsWithin } from '../waiting.js';
import { runRounds, type Trial } from './rounds.js';

const MESSAGES = 4;
const HANDOVER_MS = 60_000;

export async function partition(lab: Lab): Promise<void> {
  // not the cut within an answer: a renewal has no body, so its answer may arrive, and the first consumer keeps the
  // message
  const cases = OUTAGES.filter(({ name }) => /^(cut|stall|503)/.test(name) && name !== 'cut within the answer');
  await runRounds(lab, {
    ...{ test: 'two consumers, one cut off', prefix: 'partition', rounds: { short: 1, long: 3 }, cases },
    run: (trial) => handOver(lab, trial),
  });
}

async function handOver(lab: Lab, { lane, random, case: fault, name }: Trial<Fault>): Promise<Finding | Tally> {
  const queue = lab.direct.queues(policyOf('2.0')).getQueueClient(name);
  await queue.create();
  await lab.direct.queues(policyOf('2.0')).getQueueClient(`${name}-poison`).create();
  for (let at = 0; at < MESSAGES; at += 1) await queue.sendMessage(String(at));

  const begunByFirst = new Set<string>();
  const askedToStop = new Map<string, number>();
  const first = quickConsumer(lane.through.queues(policyOf('2.0')), name, async ({ text }, signal) => {
    // messages received once the network is back do not matter here
    if (begunByFirst.has(text)) return;
    begunByFirst.add(text);
    if (!signal.aborted) await once(signal, 'abort');
    askedToStop.set(text, performance.now());
    throw new Error('asked to stop');
  });
  await first.start();
  if (!(await holdsWithin(10_000, () => begunByFirst.size === MESSAGES)))
    return wrong('the first consumer does not start');
  // the leases may or may not have been renewed before
  await pause(random.between(0, 2_000));
  lane.proxy.inject(fault, () => true);

  const begunBySecond = new Map<string, number>();
  const second = quickConsumer(lab.direct.queues(policyOf('2.0')), name, async ({ text }) => {
    if (!begunBySecond.has(text)) begunBySecond.set(text, performance.now());
  });
  await second.start();
  const isHandedOver = await holdsWithin(HANDOVER_MS, () => begunBySecond.size === MESSAGES);
  const atOnce = [...begunBySecond].filter(([text, begun]) => (askedToStop.get(text) ?? Infinity) > begun);
  await lane.proxy.heal();
  await Promise.all([first.stop(), second.stop()]);
  if (atOnce.length > 0)
    return wrong(`${atOnce.length} messages were started again before the first handler was asked to stop`);
  return isHandedOver
    ? { right: MESSAGES }
    : { verdict: 'hang', what: 'the second consumer does not receive the messages' };
}
