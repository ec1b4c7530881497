import { jest } from '@jest/globals';
import {
  AesKeyEncryptionKey,
  type EncryptedQueueClient,
  type EncryptedQueueMessageHandler,
  parsePoisonMessage,
  replayPoisonMessages,
  UnprocessableMessageError,
} from 'nestjs-azure-encrypted-storage';
import { policyOf, testKey } from '../support/blobs.js';
import {
  consume,
  likewise,
  newQueue,
  PATIENCE,
  plainQueue,
  size,
  stopConsumers,
  until,
  visibleTexts,
} from '../support/consumers.js';

jest.setTimeout(2 * PATIENCE);
afterEach(stopConsumers);

const fail = (): never => {
  throw new Error('Jane Doe cannot be handled');
};
const poisonOf = (queue: EncryptedQueueClient) => plainQueue(`${queue.name}-poison`);
const poisonTexts = (queue: EncryptedQueueClient) => visibleTexts(`${queue.name}-poison`);

/** Stores a text unchanged. */
const store = (queue: EncryptedQueueClient, text: string) => queue.unencryptedClient.sendMessage(text);

/** The text that this queue stores for a message. */
async function sealed(queue: EncryptedQueueClient, content: string): Promise<string> {
  const { messageId, popReceipt } = await queue.sendMessage(content);
  const [text = ''] = await visibleTexts(queue.name);
  await queue.deleteMessage(messageId, popReceipt);
  return text;
}

describe('a handler that fails', () => {
  it('receives the message again after increasing delays', async () => {
    const queue = await newQueue();
    await queue.sendMessage('again');
    const counts: number[] = [];

    const { consumer, events, count } = await consume(
      queue,
      ({ dequeueCount }) => {
        counts.push(dequeueCount);
        if (dequeueCount < 3) fail();
      },
      { minRetryDelay: 0.5, maxRetryDelay: 1 },
    );
    await until(() => count('handled') === 1);
    await consumer.stop();

    expect(counts).toEqual([1, 2, 3]);
    expect(events).toMatchObject([
      { kind: 'failed', retryDelay: 0.5, error: new Error('Jane Doe cannot be handled') },
      { kind: 'failed', message: { dequeueCount: 2 } },
      { kind: 'handled' },
    ]);
    expect(await size(`${queue.name}-poison`)).toBe(0);
  });

  it('is counted and reported even if it throws nothing', async () => {
    const queue = await newQueue();
    await queue.sendMessage('never');

    const { events, count } = await consume(queue, () => Promise.reject(null), { maxFailures: 1 });
    await until(() => count('poisoned') === 1);

    expect(events).toMatchObject([{ kind: 'poisoned', reason: 'HANDLER_FAILED', error: null }]);
  });

  it('moves the stored text to the poison queue after the maximum failures, with reason and key id', async () => {
    const queue = await newQueue();
    const { messageId, insertedOn } = await queue.sendMessage('Jane Doe');
    const [stored] = await visibleTexts(queue.name);
    let calls = 0;

    const { consumer, events, count } = await consume(
      queue,
      () => {
        calls += 1;
        fail();
      },
      { maxFailures: 3 },
    );
    await until(() => count('poisoned') === 1);
    await consumer.stop();

    expect(calls).toBe(3);
    expect(await size(queue.name)).toBe(0);
    const [text = ''] = await poisonTexts(queue);
    expect(JSON.parse(text)).toMatchObject({ poisonMessage: 1, keyId: testKey.keyId, reason: 'HANDLER_FAILED' });
    expect(text).not.toContain('Jane');
    expect(parsePoisonMessage(text)).toEqual({
      storedText: stored,
      keyId: testKey.keyId,
      facts: {
        reason: 'HANDLER_FAILED',
        queue: queue.name,
        messageId,
        dequeueCount: 3,
        insertedOn,
        poisonedOn: expect.any(Date) as Date,
      },
    });
    expect(events.at(-1)).toMatchObject({
      kind: 'poisoned',
      reason: 'HANDLER_FAILED',
      keyId: testKey.keyId,
      isWrapped: true,
    });
  });

  it('can send a message to the poison queue at once', async () => {
    const queue = await newQueue();
    await queue.sendMessage('no JSON');
    await queue.sendMessage('{}');

    const { consumer, count } = await consume(queue, (message) => {
      message.json();
      throw new UnprocessableMessageError('Nobody knows this kind of message');
    });
    await until(() => count('poisoned') === 2);
    await consumer.stop();

    const reasons = (await poisonTexts(queue)).map((text) => parsePoisonMessage(text).facts?.reason);
    expect(reasons).toEqual(['UNPROCESSABLE_MESSAGE', 'UNPROCESSABLE_MESSAGE']);
    expect(count('failed')).toBe(0);
  });

  it('keeps the message in the queue when the poison queue cannot be reached', async () => {
    const queue = await newQueue();
    await poisonOf(queue).delete();
    await queue.sendMessage('kept');

    const { consumer, events, count } = await consume(queue, fail, { maxFailures: 1, missingQueue: 'wait' });
    await until(() => count('unsettled') >= 2);
    await until(() =>
      poisonOf(queue)
        .create()
        .then(
          () => true,
          () => false,
        ),
    );
    await until(() => count('poisoned') === 1);
    await consumer.stop();

    expect(events[0]).toMatchObject({ kind: 'unsettled', error: { statusCode: 404 } });
    expect(await size(queue.name)).toBe(0);
    expect(await size(`${queue.name}-poison`)).toBe(1);
  });

  it('never receives a message beyond the configured dequeue count', async () => {
    const queue = await newQueue();
    await queue.sendMessage('kills the process');
    // received and never completed
    await until(async () => {
      await queue.unencryptedClient.receiveMessages({ visibilityTimeout: 1 });
      const { peekedMessageItems } = await queue.unencryptedClient.peekMessages();
      return (peekedMessageItems[0]?.dequeueCount ?? 0) >= 2;
    });
    let calls = 0;

    const { consumer, count } = await consume(
      queue,
      () => {
        calls += 1;
      },
      { maxDequeueCount: 2 },
    );
    await until(() => count('poisoned') === 1);
    await consumer.stop();

    expect(calls).toBe(0);
    expect(parsePoisonMessage((await poisonTexts(queue))[0]!).facts?.reason).toBe('DEQUEUED_TOO_OFTEN');
  });
});

describe('a message that cannot be decrypted', () => {
  const flip = (text: string, member: string): string => {
    const at = text.indexOf(`"${member}":"`) + member.length + 6;
    return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  };

  it.each([
    ['changed content', 'DECRYPTION_FAILED', testKey.keyId, (text: string) => flip(text, 'EncryptedMessageContents')],
    ['a changed wrapped key', 'KEY_UNWRAP_FAILED', testKey.keyId, (text: string) => flip(text, 'EncryptedKey')],
    ['an unknown key id', 'KEY_NOT_FOUND', 'strange', (text: string) => text.replace(testKey.keyId, 'strange')],
    [
      'damaged encryption data',
      'INVALID_ENCRYPTION_METADATA',
      testKey.keyId,
      (text: string) => text.replace('EncryptionAgent', 'Agent'),
    ],
    ['an unknown version', 'UNSUPPORTED_PROTOCOL', testKey.keyId, (text: string) => text.replace('"2.0"', '"9.0"')],
    ['no encryption', 'PLAINTEXT_NOT_ALLOWED', null, () => 'in plaintext'],
  ])('for %s moves straight to the poison queue and reaches no handler', async (_what, reason, keyId, spoil) => {
    const queue = await newQueue(policyOf('2.0', { keyResolver: () => null }));
    const spoiled = spoil(await sealed(queue, 'secret'));
    await store(queue, spoiled);
    await queue.sendMessage('good');
    const handled: string[] = [];

    const { consumer, count } = await consume(queue, ({ text }) => void handled.push(text));
    await until(() => count('poisoned') === 1 && count('handled') === 1);
    await consumer.stop();

    expect(handled).toEqual(['good']);
    expect(await size(queue.name)).toBe(0);
    const [poison] = (await poisonTexts(queue)).map(parsePoisonMessage);
    expect(poison).toMatchObject({ storedText: spoiled, keyId, facts: { reason, dequeueCount: 1 } });
  });

  it('moves there with only its stored text if reason and key id do not fit, without losing a byte', async () => {
    const queue = await newQueue();
    const nearlyFull = 'x'.repeat(48_760);
    const stored = await sealed(queue, nearlyFull);
    expect(65_536 - stored.length).toBeLessThan(200);
    await store(queue, stored);

    const { consumer, events, count } = await consume(queue, fail, { maxFailures: 1 });
    await until(() => count('poisoned') === 1);
    await consumer.stop();

    expect(events.at(-1)).toMatchObject({ reason: 'HANDLER_FAILED', keyId: testKey.keyId, isWrapped: false });
    const [text = ''] = await poisonTexts(queue);
    expect(text).toBe(stored);
    expect(parsePoisonMessage(text)).toEqual({ storedText: stored, keyId: testKey.keyId, facts: null });
    expect(await replayPoisonMessages(poisonOf(queue), queue)).toBe(1);
    expect((await queue.receiveMessages()).receivedMessageItems[0]?.messageText).toBe(nearlyFull);
  });
});

describe('a message of protocol 1.0, which detects no changes,', () => {
  const changed = (text: string): string => {
    const { EncryptedMessageContents: contents, ...others } = JSON.parse(text) as Record<string, string>;
    const bytes = Buffer.from(contents ?? '', 'base64');
    bytes[bytes.length - 1]! ^= 1;
    return JSON.stringify({ EncryptedMessageContents: bytes.toString('base64'), ...others });
  };
  const same = (text: string): string => text;

  it('does not reveal in the poison queue whether it was decrypted', async () => {
    const facts = [];
    for (const [spoil, handler] of [
      [changed, () => undefined],
      [same, fail],
      [same, (message) => void message.json()],
    ] as const satisfies readonly (readonly [typeof same, EncryptedQueueMessageHandler])[]) {
      const queue = await newQueue(policyOf('1.0'));
      await store(queue, spoil(await sealed(queue, 'no JSON')));
      const { consumer, events, count } = await consume(queue, handler, { maxFailures: 3 });
      await until(() => count('poisoned') === 1);
      await consumer.stop();
      const [text = ''] = await poisonTexts(queue);
      const { reason, dequeueCount } = parsePoisonMessage(text).facts!;
      facts.push({ reason, dequeueCount, events: events.map(({ kind }) => kind) });
    }

    const [first, ...others] = facts;
    expect(first).toEqual({ reason: 'NOT_HANDLED', dequeueCount: 3, events: ['failed', 'failed', 'poisoned'] });
    expect(others).toEqual([first, first]);
  });
});

describe('replayPoisonMessages', () => {
  it('ends even if a consumer moves its messages back to the poison queue', async () => {
    const queue = await newQueue();
    for (let n = 0; n < 40; n += 1) await store(queue, `in plaintext ${n}`);
    const { consumer, count } = await consume(queue, () => undefined, { concurrency: 16 });
    await until(() => count('poisoned') === 40);

    expect(await replayPoisonMessages(poisonOf(queue), queue)).toBe(40);
    await until(() => count('poisoned') === 80);
    await consumer.stop();

    expect(await size(`${queue.name}-poison`)).toBe(40);
  });

  it('makes the remaining messages visible again when aborted', async () => {
    const queue = await newQueue();
    for (const text of ['a', 'b', 'c']) await poisonOf(queue).sendMessage(text);
    const controller = new AbortController();

    const replaying = replayPoisonMessages(poisonOf(queue), queue, {
      where: () => {
        controller.abort();
        return true;
      },
      abortSignal: controller.signal,
    });

    await expect(replaying).rejects.toMatchObject({ name: 'AbortError' });
    expect(await poisonTexts(queue)).toHaveLength(3);
    expect(await size(queue.name)).toBe(0);
  });

  it('restores bytes that are not text', async () => {
    const queue = await newQueue();
    const bytes = Buffer.from([0, 255, 254, 128, 10]);
    await queue.sendMessage(bytes);
    const { consumer, count } = await consume(queue, fail, { maxFailures: 1 });
    await until(() => count('poisoned') === 1);
    await consumer.stop();

    await replayPoisonMessages(poisonOf(queue), queue);

    expect((await queue.receiveMessages()).receivedMessageItems[0]?.messageBytes).toEqual(bytes);
  });

  it('puts back the stored texts of the selected messages, and leaves the others unchanged', async () => {
    const lost = AesKeyEncryptionKey.generate('lost');
    const queue = await newQueue(policyOf('2.0', { keyResolver: () => null }));
    await likewise(queue, policyOf('2.0', { keyEncryptionKey: lost })).sendMessage('of the lost key');
    await queue.sendMessage('fails');
    const { consumer, count } = await consume(queue, fail, { maxFailures: 1 });
    await until(() => count('poisoned') === 2);
    await consumer.stop();

    const reader = likewise(queue, policyOf('2.0', { keyResolver: () => lost }));
    const replayed = await replayPoisonMessages(poisonOf(queue), queue, { where: ({ keyId }) => keyId === 'lost' });

    expect(replayed).toBe(1);
    expect(
      (await reader.receiveMessages({ numberOfMessages: 32 })).receivedMessageItems.map((item) => item.messageText),
    ).toEqual(['of the lost key']);
    expect((await poisonTexts(queue)).map((text) => parsePoisonMessage(text).facts?.reason)).toEqual([
      'HANDLER_FAILED',
    ]);
  });

  it('puts back no more messages than requested', async () => {
    const queue = await newQueue();
    for (const text of ['a', 'b', 'c']) await poisonOf(queue).sendMessage(text);

    expect(await replayPoisonMessages(poisonOf(queue), queue, { limit: 2 })).toBe(2);
    expect(await size(queue.name)).toBe(2);
    expect(await poisonTexts(queue)).toHaveLength(1);
  });
});
