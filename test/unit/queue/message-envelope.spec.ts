import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';
import type { MessageEncoding } from '../../../src/queue/message-encoding.js';
import { MESSAGE_LIMIT, type MessageContext, openMessage, sealMessage } from '../../../src/queue/message-envelope.js';

const key = AesKeyEncryptionKey.generate('k1:a');
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

const contextOf = (protocol: '1.0' | '2.0', encoding: MessageEncoding = 'text'): MessageContext => ({
  policy: { protocol, keyEncryptionKey: key, requireEncryption: true },
  encoding,
  target: { kind: 'queue', account: 'a', queue: 'q' },
  form: 'message',
});

const withContents = (text: string, contents: string): string =>
  text.replace(/"EncryptedMessageContents":"[^"]*"/, `"EncryptedMessageContents":"${contents}"`);

describe.each(['1.0', '2.0'] as const)('a message of protocol %s', (protocol) => {
  const context = contextOf(protocol);

  it('copies its content at once, so that later changes by the caller have no effect', async () => {
    const bytes = Buffer.from('as it was');
    const sealing = sealMessage(bytes, context);
    bytes.fill(0);

    expect((await openMessage(await sealing, context)).toString()).toBe('as it was');
  });

  it('is sealed even if it is empty, and opens empty', async () => {
    const text = await sealMessage('', context);

    expect(text).not.toContain('"EncryptedMessageContents":""');
    expect(await openMessage(text, context)).toHaveLength(0);
  });

  it.each([1, 15, 16, 27, 28, 29])('does not open if its ciphertext is truncated to %d bytes', async (length) => {
    const text = await sealMessage('a message of more than one block', context);
    const { EncryptedMessageContents: contents } = JSON.parse(text) as { EncryptedMessageContents: string };
    const cut = Buffer.from(contents, 'base64').subarray(0, length).toString('base64');

    // in 1.0 too: the remaining block ends in a letter, which is not padding
    await expect(openMessage(withContents(text, cut), context)).rejects.toEqual(code('DECRYPTION_FAILED'));
  });
});

describe('a message without any ciphertext', () => {
  it('is empty in 2.0, as .NET writes it', async () => {
    const context = contextOf('2.0');
    const text = await sealMessage('', { ...context, policy: { ...context.policy, integrity: 'off' } });

    expect(await openMessage(withContents(text, ''), context)).toHaveLength(0);
    await expect(openMessage(withContents(text, '').replace('k1:a', 'other'), contextOf('2.0'))).rejects.toEqual(
      code('KEY_NOT_FOUND'),
    );
  });

  it('does not open in 2.0 if it was written with integrity entries, or if they are required', async () => {
    const context = contextOf('2.0');
    const without = { ...context, policy: { ...context.policy, integrity: 'off' } } as const;
    const requiring = { ...context, policy: { ...context.policy, integrity: 'require' } } as const;
    const emptied = withContents(await sealMessage('', context), '');
    const foreign = withContents(await sealMessage('', without), '');

    await expect(openMessage(emptied, context)).rejects.toEqual(code('DECRYPTION_FAILED'));
    await expect(openMessage(foreign, requiring)).rejects.toEqual(code('INTEGRITY_MISSING'));
  });

  it('does not open in 1.0, because no SDK writes it like that', async () => {
    const context = contextOf('1.0');
    const text = await sealMessage('pay 100', context);

    await expect(openMessage(withContents(text, ''), context)).rejects.toEqual(code('DECRYPTION_FAILED'));
  });
});

describe('the limit of a message', () => {
  // the fixed part of the text depends on key id and library name, so it is measured with content of similar length
  it.each([
    ['1.0', (room: number) => Math.floor((Math.floor(room / 4) * 3) / 16) * 16 - 1],
    ['2.0', (room: number) => Math.floor(room / 4) * 3 - 28],
  ] as const)('allows the largest content of protocol %s, and rejects one byte more', async (protocol, largestIn) => {
    const context = contextOf(protocol);
    const fixed = Buffer.byteLength(withContents(await sealMessage(Buffer.alloc(40_000), context), ''));
    const largest = largestIn(MESSAGE_LIMIT - fixed);

    const text = await sealMessage(Buffer.alloc(largest), context);
    const failure: unknown = await sealMessage(Buffer.alloc(largest + 1), context).catch((error: unknown) => error);

    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MESSAGE_LIMIT);
    expect(failure).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', limitBytes: MESSAGE_LIMIT });
    expect((failure as { actualBytes: number }).actualBytes).toBeGreaterThan(MESSAGE_LIMIT);
  });
});

describe('a message whose ciphertext alone is too large', () => {
  // base64 of the ciphertext fills the limit: 49,152 bytes, less padding of 1.0 or nonce and tag of 2.0
  it.each([
    ['1.0', 49_151, 1],
    ['1.0', 49_152, 0],
    ['2.0', 49_124, 1],
    ['2.0', 49_125, 0],
  ] as const)('in protocol %s, %d bytes, costs %d calls to the key', async (protocol, length, expected) => {
    let calls = 0;
    const keyEncryptionKey: KeyEncryptionKey = {
      keyId: key.keyId,
      wrapKey: (contentKey) => {
        calls += 1;
        return key.wrapKey(contentKey);
      },
      unwrapKey: (encryptedKey, algorithm) => key.unwrapKey(encryptedKey, algorithm),
    };
    const context = { ...contextOf(protocol), keyEncryptionKey };

    await expect(sealMessage(Buffer.alloc(length), context)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      limitBytes: MESSAGE_LIMIT,
      actualBytes: expect.any(Number) as number,
    });
    expect(calls).toBe(expected);
  });
});

describe('bytes that are not UTF-8', () => {
  const bytes = Uint8Array.from([0, 255, 254]);

  it.each(['text', 'base64'] as const)('are returned unchanged under the encoding %s', async (encoding) => {
    const context = contextOf('2.0', encoding);

    expect(await openMessage(await sealMessage(bytes, context), context)).toEqual(Buffer.from(bytes));
  });

  it('are rejected under the encoding xml, which would change them', async () => {
    await expect(sealMessage(bytes, contextOf('2.0', 'xml'))).rejects.toEqual(code('UNSUPPORTED_OPERATION'));
  });

  it('are not valid xml text', async () => {
    const text = await sealMessage(bytes, contextOf('2.0'));

    await expect(openMessage(text, contextOf('2.0', 'xml'))).rejects.toEqual(code('DECRYPTION_FAILED'));
  });
});

describe('a message read under the encoding base64', () => {
  it.each(['not base64!', 'YQ', 'YQ==\n', 'YQ=a'])('does not open if it contains %j', async (inside) => {
    const text = await sealMessage(inside, contextOf('2.0'));

    await expect(openMessage(text, contextOf('2.0', 'base64'))).rejects.toEqual(code('DECRYPTION_FAILED'));
  });
});
