/** Messages in both directions. */
import { type EncryptedQueueClient, isEncryptedStorageError } from 'nestjs-azure-encrypted-storage';
import { describeCell } from './cells.js';
import { KEYS } from './keys.js';
import { asContent, BYTES, NEARLY_FULL, MARKUP, newQueue, peerReceives, peerSends, TEXTS } from './message-cases.js';
import { encryptsEmptyText, readsEmptyText } from './message-faults.js';
import { isPython, QUEUE_PEERS, stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf, type StorageOptions } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

const ours = async (queue: string, options: StorageOptions = {}) =>
  (await storageOf(options)).queues.getQueueClient(queue);
const received = async (queue: string, options: StorageOptions = {}, numberOfMessages = 1) =>
  (await (await ours(queue, options)).receiveMessages({ numberOfMessages })).receivedMessageItems;

/** Sends as many letters as are accepted. */
async function sendLongest(client: EncryptedQueueClient): Promise<string> {
  for (let length = 65_536 * 0.75; ; length -= 1) {
    const text = 'x'.repeat(length);
    try {
      await client.sendMessage(text);
      return text;
    } catch (error) {
      if (!isTooLarge(error)) throw error;
    }
  }
}

const isTooLarge = (error: unknown): boolean => isEncryptedStorageError(error) && error.code === 'PAYLOAD_TOO_LARGE';

/** Without the empty text, if message-faults.peer-spec.ts covers it. */
const textsOf = (withEmpty: boolean) =>
  [...TEXTS, ['markup', MARKUP] as const].filter(([, text]) => text !== '' || withEmpty);

for (const peer of QUEUE_PEERS) {
  for (const protocol of peer.writes) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'writes' }, () => {
      it.each(textsOf(encryptsEmptyText(peer)))('%s', async (_what, text) => {
        const { queue } = await newQueue();
        await peerSends(peer, [text], { queue, protocol });

        expect((await received(queue)).map(({ messageText }) => messageText)).toEqual([text]);
      });

      it('a nearly full message', async () => {
        const { queue } = await newQueue();
        const text = 'x'.repeat(NEARLY_FULL);
        await peerSends(peer, [text], { queue, protocol });

        expect((await received(queue))[0]?.messageText === text).toBe(true);
      });

      it.each(KEYS)('under %s', async (_what, key) => {
        const { queue } = await newQueue();
        await peerSends(peer, ['under a key'], { queue, protocol, key });

        expect((await received(queue, { key }))[0]?.messageText).toBe('under a key');
      });

      it('with the key found by its id, in a module that lets plaintext through, and peeked at', async () => {
        const { queue } = await newQueue();
        await peerSends(peer, ['sealed'], { queue, protocol });
        const client = await ours(queue, { resolved: true, requireEncryption: false });

        expect((await client.peekMessages()).peekedMessageItems[0]?.messageText).toBe('sealed');
        expect((await client.receiveMessages()).receivedMessageItems[0]?.messageText).toBe('sealed');
      });

      it('bytes that are not text', async () => {
        const { queue } = await newQueue();
        await peerSends(peer, [BYTES], { queue, protocol, encoding: 'bytes' });
        const [message] = await received(queue, isPython(peer) ? { messageEncoding: 'base64' } : {});

        expect(message?.messageBytes.equals(BYTES)).toBe(true);
      });

      it('a message that was updated', async () => {
        const { queue } = await newQueue();
        await peerSends(peer, ['before'], { queue, protocol, updateTo: 'after' });

        expect((await received(queue))[0]?.messageText).toBe('after');
      });

      it('many at once', async () => {
        const { queue } = await newQueue();
        const texts = Array.from({ length: 10 }, (_, at) => `message ${at}`);
        await peerSends(peer, texts, { queue, protocol });

        expect((await received(queue, {}, 10)).map(({ messageText }) => messageText).sort()).toEqual(texts);
      });

      if (!isPython(peer)) return;
      it('base64 inside of the ciphertext', async () => {
        const { queue } = await newQueue();
        await peerSends(peer, ['Grüße'], { queue, protocol, encoding: 'base64' });

        expect((await received(queue, { messageEncoding: 'base64' }))[0]?.messageText).toBe('Grüße');
      });

      if (peer.generation === 'current') return;
      it('XML inside of the ciphertext', async () => {
        const { queue } = await newQueue();
        await peerSends(peer, [MARKUP], { queue, protocol, encoding: 'xml' });

        expect((await received(queue, { messageEncoding: 'xml' }))[0]?.messageText).toBe(MARKUP);
      });
    });
  }

  for (const protocol of peer.reads) {
    const sent = async (content: string | Buffer, options: StorageOptions = {}): Promise<string> => {
      const { queue } = await newQueue();
      await (await ours(queue, { protocol, ...options })).sendMessage(content);
      return queue;
    };

    describeCell({ service: 'messages', protocol, peer, peerDoes: 'reads' }, () => {
      it.each(textsOf(readsEmptyText(peer)))('%s', async (_what, text) => {
        expect(await peerReceives(peer, { queue: await sent(text) })).toEqual([asContent(text)]);
      });

      it('the longest message that fits', async () => {
        const { queue } = await newQueue();
        const text = await sendLongest(await ours(queue, { protocol }));
        const found = await peerReceives(peer, { queue });

        expect(text.length).toBeGreaterThan(NEARLY_FULL);
        expect(JSON.stringify(found) === JSON.stringify([asContent(text)])).toBe(true);
      });

      it.each(KEYS)('under %s', async (_what, key) => {
        const queue = await sent('under a key', { key });

        expect(await peerReceives(peer, { queue, key })).toEqual([asContent('under a key')]);
      });

      it('with the key found by its id, in a client that lets plaintext through, and peeked at', async () => {
        const queue = await sent('sealed');
        const options = { queue, resolve: true, requireEncryption: false };

        expect(await peerReceives(peer, { ...options, peek: true })).toEqual([asContent('sealed')]);
        expect(await peerReceives(peer, options)).toEqual([asContent('sealed')]);
      });

      it('bytes that are not text', async () => {
        const queue = await sent(BYTES, isPython(peer) ? { messageEncoding: 'base64' } : {});

        expect(await peerReceives(peer, { queue, encoding: 'bytes' })).toEqual([asContent(BYTES)]);
      });

      it('a message that was updated', async () => {
        const { queue } = await newQueue();
        const client = await ours(queue, { protocol });
        await client.sendMessage('before');
        const { messageId, popReceipt } = (await client.receiveMessages()).receivedMessageItems[0]!;
        await client.updateMessage(messageId, popReceipt, 'after', 0);

        expect(await peerReceives(peer, { queue })).toEqual([asContent('after')]);
      });

      it('many at once', async () => {
        const { queue } = await newQueue();
        const client = await ours(queue, { protocol });
        const texts = Array.from({ length: 10 }, (_, at) => `message ${at}`);
        for (const text of texts) await client.sendMessage(text);

        const found = await peerReceives(peer, { queue, count: 10 });

        expect(found.map((content) => ('text' in content ? content.text : content)).sort()).toEqual(texts);
      });

      if (!isPython(peer)) return;
      it('base64 inside of the ciphertext', async () => {
        const queue = await sent('Grüße', { messageEncoding: 'base64' });

        expect(await peerReceives(peer, { queue, encoding: 'base64' })).toEqual([asContent('Grüße')]);
      });

      if (peer.generation === 'current') return;
      it('XML inside of the ciphertext', async () => {
        const queue = await sent(MARKUP, { messageEncoding: 'xml' });

        expect(await peerReceives(peer, { queue, encoding: 'xml' })).toEqual([asContent(MARKUP)]);
      });
    });
  }
}
