import { QueueServiceClient } from '@azure/storage-queue';
import {
  type EncryptedQueueClient,
  type EncryptedQueueOptions,
  EncryptedQueueService,
  type EncryptionPolicy,
  KeyUnavailableError,
  type QueueDecryptionFailure,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { policyOf, testKey } from '../support/blobs.js';

const LIMIT = 65_536;
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

async function queueOf(policy: EncryptionPolicy, options: EncryptedQueueOptions = {}): Promise<EncryptedQueueClient> {
  const service = QueueServiceClient.fromConnectionString(connectionString());
  const queue = new EncryptedQueueService(() => service, policy, options).getQueueClient(uniqueName('messages'));
  await queue.createIfNotExists();
  return queue;
}

/** The same queue with another policy or other options. */
function likewise(queue: EncryptedQueueClient, policy: EncryptionPolicy, options: EncryptedQueueOptions = {}) {
  const service = QueueServiceClient.fromConnectionString(connectionString());
  return new EncryptedQueueService(() => service, policy, options).getQueueClient(queue.name);
}

const texts = async (queue: EncryptedQueueClient): Promise<string[]> =>
  (await queue.receiveMessages({ numberOfMessages: 32 })).receivedMessageItems.map(({ messageText }) => messageText);

async function storedTexts(queue: EncryptedQueueClient): Promise<string[]> {
  const { peekedMessageItems } = await queue.unencryptedClient.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}

describe.each(['1.0', '2.0', '2.1'] as const)('messages of protocol %s', (protocol) => {
  const policy = policyOf(protocol);

  it.each(['Hello', '', 'naïve 🙂 漢字', '{"a":[1,2]}', '<a>&amp;</a>', 'line\r\n line\u0001', '\uFEFFmarked'])(
    'return %j',
    async (text) => {
      const queue = await queueOf(policy);

      await queue.sendMessage(text);

      const [stored] = await storedTexts(queue);
      expect(Object.keys(JSON.parse(stored ?? '{}') as object)).toEqual(['EncryptedMessageContents', 'EncryptionData']);
      expect(stored).toContain(`"Protocol":"${protocol === '2.1' ? '2.0' : protocol}"`);
      expect(stored).not.toContain('EncryptionMode');
      const { peekedMessageItems } = await queue.peekMessages();
      expect(peekedMessageItems[0]?.messageText).toBe(text);
      expect(await texts(queue)).toEqual([text]);
    },
  );

  it('contain exactly the bytes that were sent, or are not sent at all', async () => {
    const queue = await queueOf(policy);
    const bytes = Uint8Array.from([9, 0, 255, 254, 9]);
    const contents = [bytes.subarray(1, 4), new DataView(bytes.buffer, 1, 3), bytes.slice(1, 4).buffer];
    for (const content of contents) await queue.sendMessage(content);

    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
    expect(receivedMessageItems.map(({ messageBytes }) => messageBytes.toString('hex'))).toEqual(
      contents.map(() => '00fffe'),
    );
    const { messageId = '', popReceipt = '' } = receivedMessageItems[0] ?? {};
    for (const wrong of [[1, 2], { a: 1 }, 5, null, new Date(0), 'half \ud83d']) {
      const content = wrong as unknown as string;
      await expect(queue.sendMessage(content)).rejects.toEqual(code('UNSUPPORTED_VALUE'));
      await expect(queue.updateMessage(messageId, popReceipt, content)).rejects.toEqual(code('UNSUPPORTED_VALUE'));
    }
    expect((await queue.getProperties()).approximateMessagesCount).toBe(contents.length);
  });

  it('return bytes that are not text', async () => {
    const queue = await queueOf(policy);
    const bytes = Buffer.from([0, 255, 254, 128, 10]);

    await queue.sendMessage(bytes);

    const { receivedMessageItems } = await queue.receiveMessages();
    expect(receivedMessageItems[0]?.messageBytes.equals(bytes)).toBe(true);
  });

  it('are sent up to the limit, and rejected before sending above it', async () => {
    const queue = await queueOf(policy);
    let length = 48_000;
    for (let step = 1024; step >= 1; step /= 2) {
      const fits = await queue.sendMessage('x'.repeat(length + step)).then(
        () => true,
        () => false,
      );
      if (fits) length += step;
    }

    const failure = (await queue.sendMessage('x'.repeat(length + 16)).catch((error: unknown) => error)) as {
      code: string;
      limitBytes: number;
      actualBytes: number;
    };

    expect(length).toBeGreaterThan(48_700);
    expect(failure).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', limitBytes: LIMIT });
    expect(failure.actualBytes).toBeGreaterThan(LIMIT);
    expect(Math.max(...(await storedTexts(queue)).map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(LIMIT);
  });

  it('keep their stored text if only the visibility changes, and get a new content key with new content', async () => {
    const queue = await queueOf(policy);
    await queue.sendMessage('first');
    const [before] = await storedTexts(queue);
    const [message] = (await queue.receiveMessages()).receivedMessageItems;

    const { popReceipt = '' } = await queue.updateMessage(message!.messageId, message!.popReceipt, undefined, 0);
    expect(await storedTexts(queue)).toEqual([before]);
    await queue.updateMessage(message!.messageId, popReceipt, 'second', 0);

    const [after] = await storedTexts(queue);
    const wrapped = (text: string | undefined) => /"EncryptedKey":"[^"]+"/.exec(text ?? '')?.[0];
    expect(wrapped(after)).not.toBe(wrapped(before));
    expect(await texts(queue)).toEqual(['second']);
  });

  it.each([
    [
      'flipped contents',
      (text: string) => text.replace(/Contents":"..../, 'Contents":"AAAA'),
      /DECRYPTION_FAILED|none/,
    ],
    [
      'contents without the last block',
      (text: string) => text.replace(/Contents":"[^"]+"/, 'Contents":"AAAA"'),
      /DECRYPTION_FAILED/,
    ],
    [
      'no contents',
      (text: string) => text.replace('EncryptedMessageContents', 'Other'),
      /INVALID_ENCRYPTION_METADATA|PLAINTEXT/,
    ],
    [
      'contents that are not base64',
      (text: string) => text.replace('Contents":"', 'Contents":"*'),
      /INVALID_ENCRYPTION_METADATA/,
    ],
    [
      'empty encryption data',
      (text: string) => text.replace(/"EncryptionData":.*/, '"EncryptionData":{}}'),
      /INVALID_ENCRYPTION_METADATA/,
    ],
    ['no encryption data', (text: string) => text.replace(/,"EncryptionData":.*/, '}'), /PLAINTEXT_NOT_ALLOWED/],
    ['cut text', (text: string) => text.slice(0, -4), /PLAINTEXT_NOT_ALLOWED/],
    ['another key id', (text: string) => text.replace('test:key', 'other'), /KEY_NOT_FOUND/],
  ])('fail with %s, which a handler isolates from the others', async (_what, change, expected) => {
    const queue = await queueOf(policy);
    await queue.sendMessage('a good long message of more than one block');
    const [stored] = await storedTexts(queue);
    await queue.clearMessages();
    await queue.unencryptedClient.sendMessage(change(stored ?? ''));
    await queue.sendMessage('good');

    const outcome = await queue.peekMessages({ numberOfMessages: 32 }).then(
      () => 'none',
      (error: unknown) => (error as { code: string }).code,
    );
    const failures: QueueDecryptionFailure[] = [];
    const { receivedMessageItems } = await queue.receiveMessages({
      numberOfMessages: 32,
      onDecryptionFailed: (failure) => {
        failures.push(failure);
      },
    });

    expect(outcome).toMatch(expected);
    expect(failures.map(({ error, queueName }) => [error.code, queueName])).toEqual(
      outcome === 'none' ? [] : [[outcome, queue.name]],
    );
    expect(receivedMessageItems.at(-1)?.messageText).toBe('good');
    expect(receivedMessageItems).toHaveLength(outcome === 'none' ? 2 : 1);
  });
});

describe('a queue that is being migrated', () => {
  it('passes plaintext messages through unchanged, but never damaged ones', async () => {
    const strict = await queueOf(policyOf('2.0'));
    const lenient = likewise(strict, policyOf('2.0', { requireEncryption: false }));
    const plain = ['old text', '{"json":true}', '[1]', '"EncryptedMessageContents"'];
    for (const text of plain) await strict.unencryptedClient.sendMessage(text);
    await strict.sendMessage('new');

    expect(await texts(lenient)).toEqual([...plain, 'new']);

    await strict.unencryptedClient.sendMessage('{"EncryptedMessageContents":"AAAA","EncryptionData":{}}');
    await expect(lenient.peekMessages({ numberOfMessages: 32 })).rejects.toEqual(code('INVALID_ENCRYPTION_METADATA'));
  });

  it.each([
    '{"EncryptedMessageContents":"aGk=","other":1}',
    '{"EncryptedMessageContents":5,"other":1}',
    '{"EncryptedMessageContents":5}',
    '{"EncryptedMessageContents":"no base64!"}',
    '{"EncryptedMessageContents":null,"EncryptionData":null}',
    '{"other":1,"EncryptedMessageContents":"aGk=","EncryptionData":null}',
    '{ "EncryptionData": { "of": "their own" } }',
    '{"EncryptionData":"text","note":"EncryptedMessageContents"}',
    '{"encryptedMessageContents":"aGk="}',
    '[{"EncryptedMessageContents":"aGk="}]',
    Buffer.from('{"EncryptedMessageContents":"aGk=","other":1}').toString('base64'),
  ])('passes %s through byte for byte, although it has one of our members', async (text) => {
    const queue = await queueOf(policyOf('2.0', { requireEncryption: false }));
    await queue.unencryptedClient.sendMessage(text);

    const { peekedMessageItems } = await queue.peekMessages();
    expect(peekedMessageItems[0]).toMatchObject({ messageText: text, messageBytes: Buffer.from(text) });

    const strict = likewise(queue, policyOf('2.0'));
    await expect(strict.peekMessages()).rejects.toEqual(code('PLAINTEXT_NOT_ALLOWED'));
  });

  it('reads bytes that legacy .NET wrapped in plaintext, also if they are not text', async () => {
    const queue = await queueOf(policyOf('2.0', { requireEncryption: false }));
    await queue.unencryptedClient.sendMessage('{"EncryptedMessageContents":"AP8="}');

    const { peekedMessageItems } = await queue.peekMessages();
    expect(peekedMessageItems[0]?.messageBytes).toEqual(Buffer.from([0, 255]));
  });

  it('reads a sealed message with an outer base64 encoding', async () => {
    const queue = await queueOf(policyOf('2.0'));
    await queue.sendMessage('wrapped twice');
    const [stored = ''] = await storedTexts(queue);
    await queue.clearMessages();
    await queue.unencryptedClient.sendMessage(Buffer.from(stored).toString('base64'));

    expect(await texts(queue)).toEqual(['wrapped twice']);
  });
});

describe('the content of a message', () => {
  it.each([
    ['base64', 'naïve <b>&', Buffer.from('naïve <b>&').toString('base64')],
    ['xml', 'Tom & <Jerry> &amp;', 'Tom &amp; &lt;Jerry&gt; &amp;amp;'],
  ] as const)('may be %s', async (messageEncoding, text, inside) => {
    const queue = await queueOf(policyOf('2.0'), { messageEncoding });

    await queue.sendMessage(text);

    const bare = likewise(queue, policyOf('2.0'));
    const { peekedMessageItems } = await bare.peekMessages();
    expect(peekedMessageItems[0]?.messageText).toBe(inside);
    expect(await texts(queue)).toEqual([text]);
  });
});

describe('an unreachable key', () => {
  it('is never blamed on the message, so the call throws even with a handler', async () => {
    const writer = await queueOf(policyOf('2.0'));
    await writer.sendMessage('fine');
    const reader = likewise(
      writer,
      {
        protocol: '2.0',
        requireEncryption: true,
        keyResolver: () => {
          throw new KeyUnavailableError(testKey.keyId);
        },
      },
      { onDecryptionFailed: () => undefined },
    );

    await expect(reader.peekMessages()).rejects.toEqual(code('KEY_UNAVAILABLE'));
  });

  it('prevents sending, as does a missing key', async () => {
    const queue = await queueOf({ protocol: '2.0', requireEncryption: true });

    await expect(queue.sendMessage('x')).rejects.toEqual(code('KEY_MISSING'));

    expect(await storedTexts(queue)).toEqual([]);
  });
});
