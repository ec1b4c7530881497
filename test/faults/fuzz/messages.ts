/** Sealed messages, through the client's own `decryptMessage`. */
import { QueueClient } from '@azure/storage-queue';
import { EncryptedQueueClient, type MessageEncoding, parsePoisonMessage } from 'nestjs-azure-encrypted-storage';
import { same, wrong } from '../outcome.js';
import type { Decoder } from './decoder.js';
import { mutateText } from './mutate.js';
import { boundSeedsOf, type Seed, seedsOf } from './vectors.js';

const EMPTY = /"EncryptedMessageContents":\s*""/;
const ENCODINGS: Readonly<Record<string, MessageEncoding>> = {
  textbase64: 'base64',
  binarybase64: 'base64',
  xml: 'xml',
};

function clientOf({ key, encoding, context }: Seed, requireEncryption: boolean): EncryptedQueueClient {
  const keyResolver = (keyId: string): typeof key | null => (keyId === key.keyId ? key : null);
  return new EncryptedQueueClient(
    new QueueClient('http://127.0.0.1/account/queue'),
    {
      ...{ protocol: '2.0', readProtocols: ['1.0', '2.0', '2.1'], keyResolver, requireEncryption },
      ...(context === undefined ? {} : { context: () => context }),
    },
    { messageEncoding: ENCODINGS[encoding ?? ''] ?? 'text' },
  );
}

const seeds = await Promise.all(
  [...seedsOf('queue'), ...boundSeedsOf('queue')]
    .filter(({ encrypted }) => encrypted === true)
    .map(async (seed) => {
      const strict = clientOf(seed, true);
      const text = seed.stored.messageText!;
      return { seed, text, strict, lenient: clientOf(seed, false), content: await strict.decryptMessage(text) };
    }),
);

/**
 * 2.0 opens to what was sealed, or not at all, except for a message without ciphertext, as .NET v12 stores empty ones.
 * 1.0 cannot detect a changed ciphertext. With integrity entries every message opens to what was sealed, or not at all.
 */
export const messages: Decoder = {
  name: 'messages',
  share: 8,
  input: (random) => {
    const { seed, text, strict, content } = random.pick(seeds);
    const shown = mutateText(text, random);
    return {
      shown,
      open: async () => {
        const found = await strict.decryptMessage(shown);
        const isEmpty = found.length === 0 && EMPTY.test(shown);
        const mayDiffer = !seed.isBound && (seed.protocol === '1.0' || isEmpty);
        return mayDiffer || same(found, content) ? undefined : wrong('another content');
      },
    };
  },
};

/**
 * If plaintext is allowed, a message without encryption data is plaintext; no sealed message may open to other content.
 */
export const plainMessages: Decoder = {
  name: 'messages that may be plain',
  share: 2,
  input: (random) => {
    const { text, lenient } = random.pick(seeds);
    const shown = mutateText(text, random);
    return {
      shown,
      open: async () => {
        await lenient.decryptMessage(shown);
        return undefined;
      },
    };
  },
};

const POISON = JSON.stringify({
  ...{ reason: 'HANDLER_FAILED', queue: 'referrals', messageId: 'a', dequeueCount: 3, insertedOn: new Date(0) },
  ...{ poisonedOn: new Date(0), keyId: 'k', storedText: seeds[0]!.text },
});

export const poisonMessages: Decoder = {
  name: 'poison messages',
  share: 4,
  input: (random) => {
    const shown = mutateText(random.chance(0.5) ? POISON : random.pick(seeds).text, random);
    return {
      shown,
      open: async () => {
        const { storedText } = parsePoisonMessage(shown);
        return typeof storedText === 'string' ? undefined : wrong('no text');
      },
    };
  },
};
