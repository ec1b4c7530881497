import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { InvalidOptionsError } from '../../../src/errors/input.js';
import { KeyUnwrapError, KeyWrapError } from '../../../src/errors/keys.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import { expectCode, expectNoBytes } from '../../contract/key-encryption-key.contract.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const keyOf = (bytes: Uint8Array) => AesKeyEncryptionKey.fromKeyObject('k', createSecretKey(bytes));
const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

const KEK = hex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
const DATA = hex('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F');

/** RFC 3394, section 4. */
const RFC_3394 = [
  {
    section: '4.1',
    kekLength: 16,
    dataLength: 16,
    algorithm: 'A128KW',
    wrapped: '1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5',
  },
  {
    section: '4.2',
    kekLength: 24,
    dataLength: 16,
    algorithm: 'A192KW',
    wrapped: '96778B25AE6CA435 F92B5B97C050AED2 468AB8A17AD84E5D',
  },
  {
    section: '4.3',
    kekLength: 32,
    dataLength: 16,
    algorithm: 'A256KW',
    wrapped: '64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7',
  },
  {
    section: '4.4',
    kekLength: 24,
    dataLength: 24,
    algorithm: 'A192KW',
    wrapped: '031D33264E15D332 68F24EC260743EDC E1C6C7DDEE725A93 6BA814915C6762D2',
  },
  {
    section: '4.5',
    kekLength: 32,
    dataLength: 24,
    algorithm: 'A256KW',
    wrapped: 'A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1',
  },
  {
    section: '4.6',
    kekLength: 32,
    dataLength: 32,
    algorithm: 'A256KW',
    wrapped: '28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21',
  },
];

/** The key and content key of the Python SDK's recorded tests, and what that SDK stored. */
const PYTHON_KEY = 'vqQRS55KB9pmRoOtK612QSBD6LyQpBF9R8MP1LQZbRE=';
const PYTHON_CEK = hex('08e041b6f2b7788fe5da70875e36787ea446c4e9b18a3afb4325530c5abbbe88');
const PYTHON_WRAPPED: readonly (readonly [protocol: string, packed: Buffer, wrapped: string])[] = [
  ['1.0', PYTHON_CEK, 'zJpSf8DOs/fwIVPrWYZJkB+6MPGuLB9+PseTfxgbcDLGChi7TyYa0A=='],
  [
    '2.0',
    Buffer.concat([Buffer.from('2.0\0\0\0\0\0'), PYTHON_CEK]),
    'c3EwcBUQIku7ptntzfboaKwfdJmsOcVcOgfPAe30gAhEPkek8GsgMKRREXKhWZfG',
  ],
  [
    '2.1',
    Buffer.concat([Buffer.from('2.1\0\0\0\0\0'), PYTHON_CEK]),
    'eAxnBpxQ9FgdTsXqEO3j1ODqlzGfApkbnxgPuAbGIOR1zOaSlJEKLMktwP5HdsmC',
  ],
];

describe('AesKeyEncryptionKey', () => {
  describe('wraps and unwraps the known answers', () => {
    it.each(RFC_3394)('of RFC 3394, $section', async ({ kekLength, dataLength, algorithm, wrapped }) => {
      const key = keyOf(KEK.subarray(0, kekLength));
      const data = DATA.subarray(0, dataLength);

      expect(await key.wrapKey(data)).toEqual({ keyId: 'k', algorithm, encryptedKey: hex(wrapped) });
      expect(await key.unwrapKey(hex(wrapped), algorithm)).toEqual(data);
    });

    it.each(PYTHON_WRAPPED)('of the Python SDK, protocol %s', async (_protocol, packed, wrapped) => {
      const key = AesKeyEncryptionKey.fromBase64('key1', PYTHON_KEY);

      const { encryptedKey, algorithm, keyId } = await key.wrapKey(packed);

      expect([Buffer.from(encryptedKey).toString('base64'), algorithm, keyId]).toEqual([wrapped, 'A256KW', 'key1']);
      expect(await key.unwrapKey(Buffer.from(wrapped, 'base64'), 'A256KW')).toEqual(packed);
    });
  });

  it.each([
    [16, 'A128KW'],
    [24, 'A192KW'],
    [32, 'A256KW'],
  ])('with %d bytes allows only %s', async (length, own) => {
    const key = keyOf(randomBytes(length));
    const { encryptedKey } = await key.wrapKey(randomBytes(32));

    for (const algorithm of ['A128KW', 'A192KW', 'A256KW', 'RSA-OAEP', 'RSA']) {
      const unwrapped = key.unwrapKey(encryptedKey, algorithm);
      if (algorithm === own) expect(await unwrapped).toHaveLength(32);
      else await expectCode(unwrapped, 'KEY_ALGORITHM_NOT_ALLOWED');
    }
  });

  it('generates a new 256-bit key each time', async () => {
    const [first, second] = [AesKeyEncryptionKey.generate('a'), AesKeyEncryptionKey.generate('a')];
    const { encryptedKey } = await first.wrapKey(DATA);

    expect(first.algorithm).toBe('A256KW');
    expect(await first.unwrapKey(encryptedKey, 'A256KW')).toEqual(DATA);
    await expectCode(second.unwrapKey(encryptedKey, 'A256KW'), 'KEY_UNWRAP_FAILED');
  });

  it.each([0, 1, 7, 8, 9, 15, 17, 31, 33])('does not wrap %d bytes', async (length) => {
    const error = await rejection(keyOf(KEK).wrapKey(randomBytes(length)));

    expect(error).toBeInstanceOf(KeyWrapError);
    expect(error).not.toHaveProperty('cause');
  });

  it.each([0, 1, 7, 8, 15, 16, 17, 23, 25, 39, 41])(
    'does not unwrap %d bytes, and does not reveal why',
    async (length) => {
      const error = await rejection(keyOf(KEK).unwrapKey(randomBytes(length), 'A256KW'));

      expect(error).toBeInstanceOf(KeyUnwrapError);
      expect(error).not.toHaveProperty('cause');
    },
  );

  it('fails in the same way for a wrong length, a flipped bit and a foreign key', async () => {
    const key = keyOf(KEK);
    const { encryptedKey } = await keyOf(randomBytes(32)).wrapKey(DATA);

    const errors = await Promise.all(
      [new Uint8Array(), encryptedKey, encryptedKey.subarray(8)].map((bytes) =>
        rejection(key.unwrapKey(bytes, 'A256KW')),
      ),
    );

    expect(new Set(errors.map((error) => JSON.stringify(error) + String(error))).size).toBe(1);
  });

  describe('rejects', () => {
    const bytes = randomBytes(32);
    const base64 = bytes.toString('base64');

    const badTexts: readonly (readonly [name: string, text: string])[] = [
      ['nothing', ''],
      ['two line breaks at the end', `${base64}\n\n`],
      ['nothing but a line break', '\n'],
      ['a space before it', ` ${base64}`],
      ['a line break inside it', `${base64.slice(0, 20)}\n${base64.slice(20)}`],
      ['junk inside it', `${base64.slice(0, 20)}*${base64.slice(20)}`],
      ['no padding', base64.slice(0, -1)],
      ['more padding', `${base64}=`],
      ['the letters of base64url', Buffer.alloc(32, 0xff).toString('base64').replaceAll('/', '_')],
      ['bits after the last byte', `${Buffer.alloc(32).toString('base64').slice(0, -2)}B=`],
      ['hex', bytes.toString('hex')],
      ...[0, 1, 15, 17, 23, 25, 31, 33, 64].map((n) => [`${n} bytes`, randomBytes(n).toString('base64')] as const),
      ['undefined', undefined as unknown as string],
      ['bytes', bytes as unknown as string],
    ];

    it.each(badTexts)('base64 with %s', (_name, text) => {
      expect(() => AesKeyEncryptionKey.fromBase64('k', text)).toThrow(InvalidOptionsError);
    });

    it.each([15, 17, 31, 33])('a key object of %d bytes', (length) => {
      expect(() => keyOf(randomBytes(length))).toThrow(InvalidOptionsError);
    });

    it.each([
      ['an unset variable', undefined, /is empty: set the environment variable/],
      ['no text', '', /is empty: set the environment variable/],
      ['hex', bytes.toString('hex'), /must have 16, 24 or 32 bytes, but has 48$/],
      [
        'a line break inside',
        `${base64.slice(0, 9)}\n${base64.slice(9)}`,
        /padded base64, .*without line breaks inside/,
      ],
    ])('%s, and explains what to fix', (_name, text, message) => {
      expect(() => AesKeyEncryptionKey.fromBase64('k', text as string)).toThrow(message);
    });

    it('a key, and names it by its id', () => {
      expect(() => AesKeyEncryptionKey.fromBase64('clinic:2026', 'AAAA')).toThrow(
        /^Invalid options: AES key "clinic:2026" /,
      );
    });

    it('anything that is not a secret key object', () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      for (const key of [privateKey, publicKey, bytes, base64, undefined, { type: 'secret', symmetricKeySize: 32 }]) {
        expect(() => AesKeyEncryptionKey.fromKeyObject('k', key as KeyObject)).toThrow(InvalidOptionsError);
      }
    });

    it.each(['', undefined, 7])('the key id %j', (keyId) => {
      const id = keyId as string;
      expect(() => AesKeyEncryptionKey.generate(id)).toThrow(InvalidOptionsError);
      expect(() => AesKeyEncryptionKey.fromBase64(id, base64)).toThrow(InvalidOptionsError);
      expect(() => AesKeyEncryptionKey.fromKeyObject(id, createSecretKey(bytes))).toThrow(InvalidOptionsError);
    });
  });

  it.each(['\n', '\r\n'])('accepts base64 with %j at its end, as in mounted secrets', async (end) => {
    const bytes = randomBytes(32);
    const plain = AesKeyEncryptionKey.fromBase64('k', bytes.toString('base64'));

    const key = AesKeyEncryptionKey.fromBase64('k', `${bytes.toString('base64')}${end}`);

    const { encryptedKey, algorithm } = await plain.wrapKey(randomBytes(32));
    await expect(key.unwrapKey(encryptedKey, algorithm)).resolves.toHaveLength(32);
  });

  it('does not leave content keys in the shared buffer pool', async () => {
    const key = AesKeyEncryptionKey.generate('k');
    const { encryptedKey, algorithm } = await key.wrapKey(randomBytes(40));

    const contentKey = await key.unwrapKey(encryptedKey, algorithm);

    expect(contentKey.buffer.byteLength).toBe(40);
  });

  describe('shows no key bytes', () => {
    const bytes = randomBytes(32);
    const key = AesKeyEncryptionKey.fromBase64('k', bytes.toString('base64'));

    it('when it is printed', () => {
      expectNoBytes(key, bytes);
      expectNoBytes({ key, keys: [key], fields: Object.entries(key) }, bytes);
    });

    it('in its errors', async () => {
      expectNoBytes(await rejection(key.unwrapKey(randomBytes(40), 'A256KW')), bytes);
      expectNoBytes(await rejection(key.unwrapKey(randomBytes(40), 'RSA')), bytes);
      expectNoBytes(await rejection(key.wrapKey(bytes.subarray(1))), bytes.subarray(1));
    });

    it.each(['id and key were swapped', 'the key has junk at its end'])('if %s', (mistake) => {
      const base64 = bytes.toString('base64');
      const [id, text] = mistake.startsWith('id') ? [base64, 'clinic'] : ['clinic', `${base64}#`];
      const make = () => AesKeyEncryptionKey.fromBase64(id, text);

      expect(make).toThrow(InvalidOptionsError);
      expect(make).not.toThrow(base64.slice(0, 8));
    });
  });
});
