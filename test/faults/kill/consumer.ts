/**
 * A consumer whose processes are killed while they handle messages: each good message is handled, and none is moved to
 * the poison queue, however often it was received. The bad ones end up there, each with its own cause.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type EncryptedQueueClient, parsePoisonMessage } from 'nestjs-azure-encrypted-storage';
import type { Ground } from '../operations/operation.js';
import { type Finding, lost, wrong } from '../outcome.js';
import { quickConsumer } from '../quick-consumer.js';
import { policyOf } from '../storage.js';
import { holdsWithin } from '../waiting.js';
import type { Work } from './work.js';

const GOOD = [...Array.from({ length: 10 }, (_, at) => `good ${at}`), 'outlives every process'];
const FAILS = 'fails';
const PLAIN = 'not encrypted';
/** Milliseconds that the handler takes in a killed process. */
const HANDLING_MS = 150;
const LONGEST_LIFE = 3_000;
const RECOVERY_MS = 60_000;

const queueOf = ({ direct, protocol }: Ground, name: string): EncryptedQueueClient =>
  direct.queues(policyOf(protocol)).getQueueClient(name);

const poisonOf = (ground: Ground): EncryptedQueueClient => queueOf(ground, `${ground.name}-poison`);
const handledIn = ({ folder, name }: Ground): string => join(folder, `${name}.handled`);

/** A consumer that records what it has handled, taking `handlingMs` for each message. */
const noting = (ground: Ground, handlingMs: (text: string) => number) =>
  quickConsumer(ground.direct.queues(policyOf(ground.protocol)), ground.name, async ({ text }, signal) => {
    await pause(handlingMs(text), undefined, { signal });
    if (text === FAILS) throw new Error('this message always fails');
    await appendFile(handledIn(ground), `${text}\n`);
  });

export const consume: Work = {
  name: 'EncryptedQueueConsumer',
  lives: { count: 4, longest: LONGEST_LIFE },
  prepare: async (ground) => {
    const queue = queueOf(ground, ground.name);
    await Promise.all([queue.create(), poisonOf(ground).create()]);
    await queue.unencryptedClient.sendMessage(PLAIN);
    for (const text of [...GOOD, FAILS]) await queue.sendMessage(text);
  },
  round: async (ground) => {
    await noting(ground, (text) => (text === GOOD.at(-1) ? 2 * LONGEST_LIFE : HANDLING_MS)).start();
    await new Promise(() => undefined);
  },
  judge: async (ground) => {
    const consumer = noting(ground, () => 0);
    await consumer.start();
    const isSettled = await holdsWithin(RECOVERY_MS, async () => (await countOf(queueOf(ground, ground.name))) === 0);
    await consumer.stop();
    if (!isSettled) return { verdict: 'hang', what: 'messages are waiting, and the consumer does nothing' };
    return (await judgePoison(ground)) ?? judgeHandled(ground);
  },
};

const countOf = async (queue: EncryptedQueueClient): Promise<number> =>
  (await queue.getProperties()).approximateMessagesCount ?? 0;

async function judgeHandled(ground: Ground): Promise<Finding | undefined> {
  const handled = (await readFile(handledIn(ground), 'utf8')).split('\n').slice(0, -1);
  const missing = GOOD.filter((text) => !handled.includes(text));
  if (missing.length > 0) return lost(`deleted without being handled: ${missing.join(', ')}`);
  const strangers = handled.filter((text) => !GOOD.includes(text));
  return strangers.length > 0 ? wrong(`handled: ${strangers.join(', ')}`) : undefined;
}

/** A process killed between the two requests leaves a message in both queues, so a message may be here twice. */
async function judgePoison(ground: Ground): Promise<Finding | undefined> {
  const poison = poisonOf(ground);
  const { peekedMessageItems } = await poison.unencryptedClient.peekMessages({ numberOfMessages: 32 });
  const causes = new Set<string>();
  for (const { messageText } of peekedMessageItems) {
    const { storedText, facts } = parsePoisonMessage(messageText);
    const content = storedText === PLAIN ? PLAIN : String(await poison.decryptMessage(storedText));
    causes.add(`${content}: ${facts?.reason}`);
  }
  const failed = ground.protocol === '1.0' ? 'NOT_HANDLED' : 'HANDLER_FAILED';
  const expected = [`${FAILS}: ${failed}`, `${PLAIN}: PLAINTEXT_NOT_ALLOWED`];
  const others = [...causes].filter((cause) => !expected.includes(cause));
  if (others.length > 0) return wrong(`in the poison queue: ${others.join(', ')}`);
  const missing = expected.filter((cause) => !causes.has(cause));
  return missing.length > 0 ? lost(`not in the poison queue: ${missing.join(', ')}`) : undefined;
}
