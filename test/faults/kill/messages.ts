/** Messages that are sent sequentially: no sent message is missing. */
import { lost, wrong } from '../outcome.js';
import { policyOf } from '../storage.js';
import { ONE_LIFE, type Work } from './work.js';

export const send: Work = {
  name: 'sendMessage',
  lives: ONE_LIFE,
  prepare: async (ground) => {
    await ground.direct.queues(policyOf(ground.protocol)).getQueueClient(ground.name).create();
  },
  round: async (ground, round) => {
    const queue = ground.direct.queues(policyOf(ground.protocol)).getQueueClient(ground.name);
    await queue.sendMessage(String(round));
  },
  judge: async (ground, { done, begun }) => {
    const queue = ground.direct.queues(policyOf(ground.protocol)).getQueueClient(ground.name);
    const found = new Set<number>();
    for (;;) {
      const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32, visibilityTimeout: 600 });
      if (receivedMessageItems.length === 0) break;
      for (const { messageText } of receivedMessageItems) found.add(Number(messageText));
    }
    const missing = Array.from({ length: done }, (_, at) => at + 1).filter((round) => !found.has(round));
    if (missing.length > 0) return lost(`${missing.length} messages`);
    return [...found].every((round) => round <= begun) ? undefined : wrong('a message that was never sent');
  },
};
