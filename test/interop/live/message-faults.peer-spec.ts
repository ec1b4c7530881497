/**
 * Checks that known faults of peers with messages still exist. A test that fails here is good news: see
 * message-faults.ts.
 */
import { describeCell, itIsKnownThat, UNKNOWN_VERSION } from './cells.js';
import { asContent, MARKUP, newQueue, peerReceives, peerSends } from './message-cases.js';
import { encryptsEmptyText, parsesPlainJson, readsEmptyText, readsPlaintext } from './message-faults.js';
import { isPython, QUEUE_PEERS, stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf, type StorageOptions } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

const ours = async (queue: string, options: StorageOptions = {}) =>
  (await storageOf(options)).queues.getQueueClient(queue);

for (const peer of QUEUE_PEERS) {
  for (const protocol of peer.writes) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'writes' }, () => {
      if (!encryptsEmptyText(peer)) {
        itIsKnownThat('an empty message is stored in plaintext, even if encryption is required', async () => {
          const { queue, raw } = await newQueue();
          await peerSends(peer, [''], { queue, protocol });

          expect((await raw.peekMessages()).peekedMessageItems[0]?.messageText).toBe('');
          await expect((await ours(queue)).peekMessages()).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });
          const lenient = await ours(queue, { requireEncryption: false });
          expect((await lenient.peekMessages()).peekedMessageItems[0]?.messageText).toBe('');
        });
      }

      if (isPython(peer) && peer.generation === 'legacy') {
        itIsKnownThat('text is XML-escaped by default before it is encrypted: read it with "xml"', async () => {
          const { queue } = await newQueue();
          await peerSends(peer, [MARKUP], { queue, protocol, encoding: 'xml' });

          const { peekedMessageItems } = await (await ours(queue)).peekMessages();
          expect(peekedMessageItems[0]?.messageText).toMatch(/^a &lt; b &amp;&amp; c &gt; /);
        });
      }
    });
  }

  for (const protocol of peer.reads) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'reads' }, () => {
      if (readsPlaintext(peer)) {
        it('plaintext is handed through where the client lets it, and refused where not', async () => {
          const { queue, raw } = await newQueue();
          await raw.sendMessage('never encrypted');

          await expect(peerReceives(peer, { queue, peek: true })).rejects.toThrow(/not encrypted/);
          const found = await peerReceives(peer, { queue, requireEncryption: false });
          expect(found).toEqual([asContent('never encrypted')]);
        });
      }
      if (parsesPlainJson(peer)) {
        itIsKnownThat('JSON that was never encrypted comes back parsed', async () => {
          const { queue, raw } = await newQueue();
          await raw.sendMessage('{"patient":17}');

          const found = await peerReceives(peer, { queue, requireEncryption: false });
          expect(found).toEqual([{ parsed: { patient: 17 } }]);
        });
      }
      if (!readsPlaintext(peer)) {
        itIsKnownThat('plaintext is refused even if encryption is not required', async () => {
          const { queue, raw } = await newQueue();
          await raw.sendMessage('never encrypted');

          await expect(peerReceives(peer, { queue, requireEncryption: false })).rejects.toThrow('JsonParseException');
        });
      }
      if (!readsEmptyText(peer)) {
        itIsKnownThat('an empty message is read as null', async () => {
          const { queue } = await newQueue();
          await (await ours(queue, { protocol })).sendMessage('');

          expect(await peerReceives(peer, { queue })).toEqual([{ text: null }]);
        });
      }
    });
  }

  if (peer.reads.includes('2.0')) continue;
  describeCell({ service: 'messages', protocol: '2.0', peer, peerDoes: 'reads' }, () => {
    const sent = async (): Promise<string> => {
      const { queue } = await newQueue();
      await (await ours(queue, { protocol: '2.0' })).sendMessage('sealed');
      return queue;
    };

    itIsKnownThat('this version is not known: refused if encryption is required', async () => {
      await expect(peerReceives(peer, { queue: await sent() })).rejects.toThrow(UNKNOWN_VERSION);
    });
    if (isPython(peer)) {
      itIsKnownThat(
        'this version is not known: ciphertext is returned as data unless encryption is required',
        async () => {
          const [content] = await peerReceives(peer, { queue: await sent(), requireEncryption: false });
          expect(JSON.stringify(content)).toContain('EncryptedMessageContents');
        },
      );
    }
  });
}
