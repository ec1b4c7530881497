/** Unverified content, changed so that it decrypts but makes no sense. Each response to such a guess reveals something. */
import { Encrypt, EncryptedEntity, type EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import type { ReadFailure } from '../../../src/envelope/read-failure.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { MessageEncoding } from '../../../src/queue/message-encoding.js';
import { openMessage, sealMessage } from '../../../src/queue/message-envelope.js';
import { openEntity, sealEntity } from '../../../src/table/entity-envelope.js';
import { SEALED_NAMES_PROPERTY } from '../../../src/wire/entity-metadata.js';

@EncryptedEntity({ table: 'notes' })
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() nameThatFillsMoreThanABlock!: string;
  @Encrypt({ type: 'number' }) count!: number;
}

const BLOCK = 16;
const GUESSES = 16;
const policy: EncryptionPolicy = {
  protocol: '1.0',
  keyEncryptionKey: AesKeyEncryptionKey.generate('key'),
  requireEncryption: true,
  integrity: 'off',
};

/** Flips a bit of the plaintext at this position, and garbles the block before it. The padding stays intact. */
function flipped(sealed: Uint8Array, at: number, bit = 0x80): Buffer {
  const changed = Buffer.from(sealed);
  changed.writeUInt8(changed.readUInt8(at - BLOCK) ^ bit, at - BLOCK);
  return changed;
}

/** The error codes of repeated reads, and the codes that were reported to a log. */
async function guessed(read: (watched: EncryptionPolicy) => Promise<unknown>) {
  const reported: string[] = [];
  const onReadFailed = ({ code }: ReadFailure): void => void reported.push(code);
  const codes: string[] = [];
  for (let at = 0; at <= GUESSES; at += 1) {
    codes.push(
      await read({ ...policy, onReadFailed }).then(
        () => 'read',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
  }
  return { codes, reported };
}

const LOCKED = [...Array<string>(GUESSES).fill('DECRYPTION_FAILED'), 'LOCKED_OUT'];

it.each<MessageEncoding>(['base64', 'xml'])(
  'a message that is no longer %s is reported and counted like one with wrong padding',
  async (encoding) => {
    const target = { kind: 'queue', account: 'a', queue: 'q' } as const;
    const context = { encoding, target, form: 'message' } as const;
    const text = await sealMessage('x'.repeat(20), { ...context, policy });
    const { EncryptedMessageContents: contents } = JSON.parse(text) as { EncryptedMessageContents: string };
    const changed = text.replace(contents, flipped(Buffer.from(contents, 'base64'), BLOCK).toString('base64'));

    const { codes, reported } = await guessed((watched) => openMessage(changed, { ...context, policy: watched }));

    expect(codes).toEqual(LOCKED);
    expect(reported).toEqual(LOCKED);
  },
);

const LIST = JSON.stringify(['nameThatFillsMoreThanABlock', 'count']);
const row = { partitionKey: 'p', rowKey: 'r', nameThatFillsMoreThanABlock: 'x'.repeat(20), count: 0.1 + 0.2 };

it.each([
  ['a text that is not UTF-8', 'nameThatFillsMoreThanABlock', BLOCK],
  ['an invalid number', 'count', BLOCK],
  ['an invalid list of names', SEALED_NAMES_PROPERTY, LIST.length - 1],
])('a row with %s is reported and counted like one with wrong padding', async (_what, name, at) => {
  const context = { account: 'a', table: 'notes', entityClass: Note };
  const sealed = await sealEntity(row, { ...context, policy });
  const changed = { ...sealed, [name]: flipped(sealed[name] as Uint8Array, at) };

  const { codes, reported } = await guessed((watched) => openEntity(changed, { ...context, policy: watched }));

  expect(codes).toEqual(LOCKED);
  expect(reported).toEqual(LOCKED);
});

it('content with integrity entries is never locked, because a guess at it reveals nothing', async () => {
  const context = { account: 'a', table: 'notes', entityClass: Note };
  const verifying = { ...policy, integrity: 'verify' } as const;
  const sealed = await sealEntity(row, { ...context, policy: verifying });
  const changed = { ...sealed, count: flipped(sealed['count'] as Uint8Array, BLOCK) };

  const { codes } = await guessed(() => openEntity(changed, { ...context, policy: verifying }));

  expect(codes).toEqual(Array(GUESSES + 1).fill('DECRYPTION_FAILED'));
  await expect(openEntity(sealed, { ...context, policy: verifying })).resolves.toMatchObject({ count: row.count });
});
