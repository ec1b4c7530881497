/** Calls on messages: at least once, and never with other content. */
import { type EncryptedQueueClient, replayPoisonMessages } from 'nestjs-azure-encrypted-storage';
import { type Finding, lost, same, wrong } from '../outcome.js';
import { policyOf } from '../storage.js';
import type { Ground, Operation } from './operation.js';

type Protocols = Operation['protocols'];
const PROTOCOLS: Protocols = ['1.0', '2.0'];
const COUNT = 3;

interface Queue {
  readonly direct: EncryptedQueueClient;
  readonly through: EncryptedQueueClient;
}

async function queueOf({ direct, through, protocol, name }: Ground): Promise<Queue> {
  const policy = policyOf(protocol);
  const queue = {
    direct: direct.queues(policy).getQueueClient(name),
    through: through.queues(policy).getQueueClient(name),
  };
  await queue.direct.create();
  return queue;
}

const contentOf = ({ random }: Ground): Buffer => random.bytes(random.between(0, 2000));

async function sendSome(ground: Ground, queue: Queue): Promise<readonly Buffer[]> {
  const contents = Array.from({ length: COUNT }, () => contentOf(ground));
  for (const content of contents) await queue.direct.sendMessage(content);
  return contents;
}

interface Opened {
  readonly messageBytes: Buffer;
}

const judgeItems = (items: readonly Opened[], contents: readonly Buffer[]): Finding | undefined =>
  items.every(({ messageBytes }) => contents.some((content) => same(content, messageBytes)))
    ? undefined
    : wrong('a message with other content');

const send: Operation = {
  name: 'sendMessage',
  protocols: PROTOCOLS,
  prepare: async (ground) => {
    const queue = await queueOf(ground);
    const content = contentOf(ground);
    return {
      run: (signal) => queue.through.sendMessage(content, { abortSignal: signal }),
      judge: async ({ succeeded }) => {
        const { peekedMessageItems } = await queue.direct.peekMessages({ numberOfMessages: 32 });
        if (succeeded && peekedMessageItems.length === 0) return lost('success, but no message');
        return judgeItems(peekedMessageItems, [content]);
      },
    };
  },
};

const receive: Operation = {
  name: 'receiveMessages',
  protocols: PROTOCOLS,
  prepare: async (ground) => {
    const queue = await queueOf(ground);
    const contents = await sendSome(ground, queue);
    return {
      run: (signal) =>
        queue.through.receiveMessages({ numberOfMessages: 2, visibilityTimeout: 60, abortSignal: signal }),
      judge: async ({ value }) => {
        const { approximateMessagesCount } = await queue.direct.getProperties();
        if (approximateMessagesCount !== COUNT)
          return lost(`${approximateMessagesCount} of ${COUNT} messages are left`);
        const items = (value as { receivedMessageItems: Opened[] } | undefined)?.receivedMessageItems ?? [];
        return judgeItems(items, contents);
      },
    };
  },
};

const peek: Operation = {
  name: 'peekMessages',
  protocols: PROTOCOLS,
  prepare: async (ground) => {
    const queue = await queueOf(ground);
    const contents = await sendSome(ground, queue);
    return {
      run: (signal) => queue.through.peekMessages({ numberOfMessages: 32, abortSignal: signal }),
      judge: async ({ succeeded, value }) => {
        if (!succeeded) return undefined;
        const { peekedMessageItems: items } = value as { peekedMessageItems: Opened[] };
        return items.length === COUNT ? judgeItems(items, contents) : wrong(`${items.length} of ${COUNT} messages`);
      },
    };
  },
};

const update: Operation = {
  name: 'updateMessage',
  protocols: PROTOCOLS,
  prepare: async (ground) => {
    const queue = await queueOf(ground);
    const [before, after] = [contentOf(ground), contentOf(ground)];
    await queue.direct.sendMessage(before);
    const { receivedMessageItems } = await queue.direct.receiveMessages({ visibilityTimeout: 1 });
    const { messageId, popReceipt } = receivedMessageItems[0]!;
    return {
      run: (signal) => queue.through.updateMessage(messageId, popReceipt, after, 0, { abortSignal: signal }),
      judge: async ({ succeeded }) => {
        const { approximateMessagesCount } = await queue.direct.getProperties();
        if (approximateMessagesCount !== 1) return lost('the message is gone');
        const { peekedMessageItems } = await queue.direct.peekMessages();
        return judgeItems(peekedMessageItems, succeeded ? [after] : [before, after]);
      },
    };
  },
};

const remove: Operation = {
  name: 'deleteMessage',
  protocols: ['2.0'],
  prepare: async (ground) => {
    const queue = await queueOf(ground);
    await queue.direct.sendMessage(contentOf(ground));
    const { receivedMessageItems } = await queue.direct.receiveMessages({ visibilityTimeout: 60 });
    const { messageId, popReceipt } = receivedMessageItems[0]!;
    return {
      run: (signal) => queue.through.deleteMessage(messageId, popReceipt, { abortSignal: signal }),
      judge: async ({ succeeded }) => {
        const { approximateMessagesCount } = await queue.direct.getProperties();
        return succeeded && approximateMessagesCount !== 0
          ? wrong('success, but the message is still there')
          : undefined;
      },
    };
  },
};

/** Each message is in one of the two queues or in both. */
const replay: Operation = {
  name: 'replayPoisonMessages',
  protocols: ['2.0'],
  prepare: async (ground) => {
    const queue = await queueOf(ground);
    const poison = await queueOf({ ...ground, name: `${ground.name}-poison` });
    await sendSome(ground, poison);
    return {
      run: (signal) => replayPoisonMessages(poison.through.unencryptedClient, queue.through, { abortSignal: signal }),
      judge: async ({ value }) => {
        const [replayed, left] = await Promise.all([queue.direct.getProperties(), poison.direct.getProperties()]);
        const [inQueue, inPoison] = [replayed.approximateMessagesCount ?? 0, left.approximateMessagesCount ?? 0];
        if (inQueue + inPoison < COUNT) return lost(`${inQueue + inPoison} of ${COUNT} messages are left`);
        // messages of a lost receive are invisible for a while, and then received again
        return Number(value ?? 0) > inQueue
          ? lost(`${String(value)} messages were put back, ${inQueue} are there`)
          : undefined;
      },
    };
  },
};

export const MESSAGE_CALLS: readonly Operation[] = [send, receive, peek, update, remove, replay];
