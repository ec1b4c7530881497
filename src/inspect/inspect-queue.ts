/** Inspects the messages at the head of a queue. It peeks at them, so nothing is received or changed. */
import type { QueueClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import { parsePoisonMessage } from '../queue/consumer/poison-message.js';
import { openMessage } from '../queue/message-envelope.js';
import { peekStored } from '../queue/service-answer.js';
import { isObject, parseObject } from '../wire/json.js';
import { parseMessage } from '../wire/queue-message.js';
import { lengthsOf } from './inspect-blob.js';
import { verification } from './inspection-key.js';
import type { Facts, Finding } from './report.js';
import { inspectEnvelope, type StoredEnvelope } from './stored-envelope.js';

interface QueueInspection {
  readonly client: QueueClient;
  /** Maximum number of messages to peek at, 1 to 32. */
  readonly messages: number;
  readonly policy: EncryptionPolicy | null;
}

export async function inspectQueue({ client, messages, policy }: QueueInspection): Promise<readonly Finding[]> {
  const { peekedMessageItems } = await peekStored(client, { numberOfMessages: messages });
  return Promise.all(
    peekedMessageItems.map(async ({ messageId, messageText, dequeueCount, insertedOn }) => {
      // a message of a poison queue was written for the queue that it came from
      const { storedText, facts: poison } = parsePoisonMessage(messageText);
      const from = poison === null ? {} : { fromQueue: poison.queue, poisonReason: poison.reason };
      const stored = { messageId, dequeueCount, insertedOn: insertedOn.toISOString(), ...from };
      const { envelope, ...finding } = inspectMessage(storedText, stored);
      if (policy === null || finding.facts['encrypted'] === false) return finding;
      const queue = poison === null ? client.name : poison.queue;
      const target = { kind: 'queue', account: client.accountName, queue } as const;
      const read = async (): Promise<{ plaintextBytes: number }> => {
        const plaintext = await openMessage(storedText, { policy, encoding: 'text', form: 'message', target });
        return { plaintextBytes: plaintext.length };
      };
      return { ...finding, verification: await verification(envelope, read) };
    }),
  );
}

function inspectMessage(text: string, stored: Facts): Finding & { readonly envelope?: StoredEnvelope } {
  const facts = { ...stored, storedBytes: Buffer.byteLength(text) };
  try {
    const message = parseMessage(text);
    if (message.kind === 'plain') return plain(facts);
    const envelope = inspectEnvelope(encryptionDataIn(text), 'message');
    const lengths = lengthsOf(envelope.usable, message.sealed.length);
    return {
      envelope,
      facts: { ...facts, encrypted: true, ciphertextBytes: message.sealed.length, ...envelope.facts, ...lengths.facts },
      anomalies: [...envelope.anomalies, ...lengths.anomalies],
      notes: envelope.notes,
    };
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    const envelope = inspectEnvelope(encryptionDataIn(text), 'message');
    const anomalies = [{ code: 'MESSAGE_DAMAGED', text: error.message }];
    return { facts: { ...facts, encrypted: true, ...envelope.facts }, anomalies, notes: [] };
  }
}

const plain = (facts: Facts): Finding => ({
  facts: { ...facts, encrypted: false },
  anomalies: [{ code: 'NOT_ENCRYPTED', text: 'the message has no encryption data: it is plaintext' }],
  notes: [],
});

/** The encryption data of the wrapper, which some writers encode as base64 once more. */
function encryptionDataIn(text: string): Parameters<typeof inspectEnvelope>[0] {
  const wrapper = parseObject(text) ?? parseObject(Buffer.from(text, 'base64').toString('utf8'));
  const data = wrapper?.['EncryptionData'];
  return isObject(data) ? data : '';
}
