import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { AesKeyEncryptionKey, EncryptedQueueService, type EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { formatPoisonMessage } from '../../src/queue/consumer/poison-message.js';
import { policyOf } from '../support/blobs.js';
import { codesOf, findingOf, inspected, keyFolder } from '../support/inspections.js';
import { casesOf, keyArguments } from '../support/vectors.js';

const keyBase64 = Buffer.alloc(32, 9).toString('base64');
const keyEncryptionKey = AesKeyEncryptionKey.fromBase64('inspected:key', keyBase64);

const { folder, withKey } = keyFolder(keyBase64);

const service = QueueServiceClient.fromConnectionString(connectionString());

async function queueWith(...texts: readonly string[]): Promise<QueueClient> {
  const queue = service.getQueueClient(uniqueName('inspected'));
  await queue.create();
  for (const text of texts) await queue.sendMessage(text);
  return queue;
}

/** The stored text of a message sent by this package. */
async function storedText(policy: EncryptionPolicy, content: string): Promise<string> {
  const queue = await queueWith();
  await new EncryptedQueueService(() => service, policy).getQueueClient(queue.name).sendMessage(content);
  const { peekedMessageItems } = await queue.peekMessages();
  return peekedMessageItems[0]!.messageText;
}

describe('the inspection of a queue', () => {
  it.each(['1.0', '2.0'] as const)('describes and verifies a message of protocol %s', async (protocol) => {
    const text = await storedText(policyOf(protocol, { keyEncryptionKey }), 'see patient 17');
    const { name } = await queueWith(text);

    const finding = await findingOf('queue', name, ...withKey);

    expect(finding.facts).toMatchObject({
      encrypted: true,
      protocol,
      keyId: 'inspected:key',
      storedBytes: text.length,
    });
    expect(codesOf(finding)).toEqual([]);
    expect(finding.facts).toMatchObject({ integrityEntries: 'complete', boundToContext: false });
    expect(finding.notes).toEqual([]);
    expect(finding.verification).toEqual({ verified: true, integrity: 'verified', plaintextBytes: 14 });
  });

  it('peeks, so that messages stay and none counts as received', async () => {
    const queue = await queueWith('a', 'b', 'c');

    const some = await inspected('queue', queue.name, '--messages', '2');
    const all = await inspected('queue', queue.name);

    expect([some.findings.length, all.findings.length]).toEqual([2, 3]);
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 3 });
    expect(receivedMessageItems.map(({ dequeueCount }) => dequeueCount)).toEqual([1, 1, 1]);
  });

  it('finds nothing in an empty queue', async () => {
    const { name } = await queueWith();

    expect((await inspected('queue', name)).findings).toEqual([]);
  });

  it.each([
    ['plaintext', () => 'plain', ['NOT_ENCRYPTED'], undefined],
    [
      'contents that are not base64',
      (text: string) => text.replace('Contents":"', 'Contents":"*'),
      ['MESSAGE_DAMAGED'],
      'INVALID_ENCRYPTION_METADATA',
    ],
    [
      'truncated contents',
      (text: string) => text.replace(/Contents":"[^"]+/, 'Contents":"AAAA'),
      ['LENGTH_IMPOSSIBLE', 'INTEGRITY_LENGTH'],
      'DECRYPTION_FAILED',
    ],
    [
      'no contents although integrity entries name a length,',
      (text: string) => text.replace(/Contents":"[^"]+/, 'Contents":"'),
      ['INTEGRITY_LENGTH'],
      'DECRYPTION_FAILED',
    ],
    [
      'an unknown protocol',
      (text: string) => text.replace('"2.0"', '"9.0"'),
      ['PROTOCOL_UNKNOWN'],
      'UNSUPPORTED_PROTOCOL',
    ],
    [
      'a missing part of the integrity entries',
      (text: string) => text.replace(/,"AzCseMac":"[^"]*"/, ''),
      ['INTEGRITY_DAMAGED'],
      'DECRYPTION_FAILED',
    ],
    [
      'no integrity entries although the wrapped key requires them',
      (text: string) => text.replace(/,"AzCse(Bind|Mac)":"[^"]*"/g, ''),
      [],
      'INTEGRITY_MISSING',
    ],
    ['flipped contents', (text: string) => text.replace(/(Contents":".{20})..../, '$1AAAA'), [], 'DECRYPTION_FAILED'],
  ] as const)('finds %s', async (_what, change, codes, verified) => {
    const text = await storedText(policyOf('2.0', { keyEncryptionKey }), 'see patient 17');
    const { name } = await queueWith(change(text));

    const finding = await findingOf('queue', name, ...withKey);

    expect(codesOf(finding).filter((code) => code !== 'ENCRYPTION_DATA_INVALID')).toEqual(codes);
    const { verification } = finding;
    expect(verification?.verified === false ? verification.code : undefined).toBe(verified);
  });

  it('verifies a message bound to a context if the context is given', async () => {
    const bound = policyOf('2.0', { keyEncryptionKey, context: () => 'tenant-7' });
    const { name } = await queueWith(await storedText(bound, 'see patient 17'));

    const verified = await findingOf('queue', name, ...withKey, '--context', 'tenant-7');
    const other = await findingOf('queue', name, ...withKey, '--context', 'tenant-8');

    expect(verified.facts).toMatchObject({ boundToContext: true });
    expect(verified.verification).toMatchObject({ verified: true, integrity: 'verified' });
    expect(other.verification).toMatchObject({ verified: false, code: 'CONTEXT_MISMATCH' });
  });

  it('reports the source of a poison message, and verifies its original text', async () => {
    const sealed = await storedText(policyOf('2.0', { keyEncryptionKey }), 'see patient 17');
    const facts = { reason: 'KEY_NOT_FOUND', queue: 'referrals', messageId: 'm', dequeueCount: 6 };
    const moments = { insertedOn: new Date(0), poisonedOn: new Date(1) };
    const { name } = await queueWith(formatPoisonMessage(sealed, { ...facts, ...moments }).text);

    const finding = await findingOf('queue', name, ...withKey);

    expect(finding.facts).toMatchObject({ fromQueue: 'referrals', poisonReason: 'KEY_NOT_FOUND', encrypted: true });
    expect(codesOf(finding)).toEqual([]);
    expect(finding.verification).toEqual({ verified: true, integrity: 'verified', plaintextBytes: 14 });
  });

  it('accepts an empty message of .NET, which has no contents', async () => {
    const text = await storedText(policyOf('2.0', { keyEncryptionKey, integrity: 'off' }), 'see patient 17');
    const { name } = await queueWith(text.replace(/Contents":"[^"]+/, 'Contents":"'));

    const { anomalies, verification } = await findingOf('queue', name, ...withKey);

    expect(anomalies).toEqual([]);
    expect(verification).toEqual({ verified: true, integrity: 'no entries', plaintextBytes: 0 });
  });

  it.each(
    casesOf('queue')
      .filter(({ encrypted }) => encrypted)
      .map((vector) => [vector.id, vector] as const),
  )('recognizes and verifies %s, written by Python', async (_id, vector) => {
    const { name } = await queueWith(vector.stored.messageText);

    const finding = await findingOf('queue', name, ...keyArguments(vector, folder));

    expect(codesOf(finding)).toEqual([]);
    expect(finding.verification).toMatchObject({ verified: true });
  });
});
