/**
 * Known answers: what the real Python SDK wrote with fixed randomness, and values computed by hand from the format if no
 * SDK can write the same twice (such as the three layouts of nonces). All use one KEK, one content key and one IV.
 */
import { runAll, type ByteTransform } from '../../src/crypto/byte-transform.js';
import { importContentKey } from '../../src/crypto/content-key.js';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import type { ContentForm } from '../../src/protocol/protocol.js';
import { protocolFor } from '../../src/protocol/registry.js';
import { RegionSealer } from '../../src/protocol/v2/content.js';
import { bigEndian64, bigEndian96, littleEndianFromOne, type NonceScheme } from '../../src/protocol/v2/nonce.js';
import { fieldReader } from '../../src/wire/json.js';
import { sha256Hex } from '../support/vectors.js';

const kek = AesKeyEncryptionKey.fromBase64('key1', 'vqQRS55KB9pmRoOtK612QSBD6LyQpBF9R8MP1LQZbRE=');
const contentKey = Buffer.from('08e041b6f2b7788fe5da70875e36787ea446c4e9b18a3afb4325530c5abbbe88', 'hex');
const iv = Buffer.from('bbd687b66ae5dc93b0131ecc9ff4caab', 'hex');
const key = importContentKey(contentKey);
const base64 = (text: string): Buffer => Buffer.from(text, 'base64');
const counted = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => at % 256));

describe('the wrapped content key', () => {
  it.each([
    ['1.0', 'zJpSf8DOs/fwIVPrWYZJkB+6MPGuLB9+PseTfxgbcDLGChi7TyYa0A=='],
    ['2.0', 'c3EwcBUQIku7ptntzfboaKwfdJmsOcVcOgfPAe30gAhEPkek8GsgMKRREXKhWZfG'],
    ['2.1', 'eAxnBpxQ9FgdTsXqEO3j1ODqlzGfApkbnxgPuAbGIOR1zOaSlJEKLMktwP5HdsmC'],
  ] as const)('of protocol %s', async (version, expected) => {
    const protocol = protocolFor(version);

    const { encryptedKey, algorithm } = await kek.wrapKey(protocol.packKey(contentKey));

    expect([algorithm, Buffer.from(encryptedKey).toString('base64')]).toEqual(['A256KW', expected]);
    expect(protocol.unpackKey(await kek.unwrapKey(base64(expected), 'A256KW')).equals(contentKey)).toBe(true);
  });
});

describe('content of protocol 1.0', () => {
  const answers: readonly (readonly [what: string, form: ContentForm, plaintext: Buffer, sealed: string])[] = [
    ['a text', 'stream', Buffer.from('Hello World Encrypted!'), '5I+c2bD7sMR45/wIr/CwKqJj6ONXuyxxsq+gokXr6PE='],
    ['nothing', 'stream', Buffer.alloc(0), '7qSb3AmtEm5unqowD+9bWg=='],
    [
      'three blocks',
      'stream',
      counted(48),
      'P7yjOjkUrb3Vf6bCgT7Eyq/Vj+B5sbTVaf+N9bc8CtN6e+TO9GlfAaWDhX/0bUG1ANpjEmy7EwQgCtAeS94/2Q==',
    ],
    ['a message', 'message', Buffer.from('hello ☃'), 'Adae+Lnh9U9jWWxa7Ac20A=='],
    [
      'the message of a recording',
      'message',
      Buffer.from('encrypted_message_2'),
      'p878M00Yqw/JzP/eFR9tWO+M3pSHl2+qr9+5YC4Fyx0=',
    ],
  ];
  const fields = { ContentEncryptionIV: iv.toString('base64') };

  it.each(answers)('of %s', (_what, form, plaintext, expected) => {
    const sealed = runAll(protocolFor('1.0').sealer(key, { form, iv }).seal(), plaintext);

    expect(sealed.toString('base64')).toBe(expected);
    expectEveryReading('1.0', { form, fields }, { sealed, plaintext });
  });

  it('of two pages, which are not padded', () => {
    const plaintext = counted(512);

    const sealed = runAll(protocolFor('1.0').sealer(key, { form: 'pages', iv }).seal(), plaintext);

    expect(sealed.length).toBe(512);
    expect(sha256Hex(sealed)).toBe('4dce77331c191405736bc77fdd8c44b4cb52822bf597dbb044da2648c974f355');
    expectEveryReading('1.0', { form: 'pages', fields }, { sealed, plaintext });
  });
});

describe('content of protocol 2.x', () => {
  const layouts: readonly (readonly [writer: string, nonces: NonceScheme, sealed: string])[] = [
    [
      'Python',
      bigEndian96,
      'AAAAAAAAAAAAAAAAl8OD5Lb7jKYdw3YKFade43cYKA2NPt+6thbZq9Ye62sAAAAAAAAAAAAAAAEQfF/X+Hd7NWv/TQGYRlEZBGZhHmUQ97FgR1sGuo6qjwAAAAAAAAAAAAAAAuxwJmzVkF9Qkx2vq6zIUneIm9vPVcN8Lg==',
    ],
    [
      'Java',
      bigEndian64,
      'AAAAAAAAAAAAAAAAl8OD5Lb7jKYdw3YKFade43cYKA2NPt+6thbZq9Ye62sAAAAAAAAAAQAAAABozYOjk70RszRHg25SvzCyBMJT/jfE2lfQvK7sRJ7aGgAAAAAAAAACAAAAADTmhYuDlVCQhGd10vT3qt3/C5qkc6sbkg==',
    ],
    [
      '.NET, as we write',
      littleEndianFromOne,
      'AAAAAAEAAAAAAAAAgpOA8K29iqx/aWUjTYG2VAuvoL+9QNbX3WpDx8jjqNwAAAAAAgAAAAAAAACfksSVGOs+Es1tm1TCBq5ZkkNzy5ADtXBTFATS3gNyXwAAAAADAAAAAAAAAEznU+BYuSJW9vVXRB9nQAXfMF9/tO7IcA==',
    ],
  ];
  const regionInfo = (DataLength: number) => ({ EncryptedRegionInfo: { DataLength, NonceLength: 12 } });

  it.each(layouts)('with the nonces of %s', (_writer, nonces, expected) => {
    const plaintext = counted(40);

    const sealed = runAll(new RegionSealer({ key, dataLength: 16, leastRegions: 0, nonces }), plaintext);

    expect(sealed.toString('base64')).toBe(expected);
    expectEveryReading('2.1', { form: 'stream', fields: regionInfo(16) }, { sealed, plaintext });
  });

  // the nonces of Python and Java are equal for region 0, and differ from region 1
  it.each([
    [0, 1, 2],
    [1, 0, 2],
    [0, 2, 1],
    [2, 0, 1],
    [1, 2, 1],
    [2, 1, 1],
  ])('laid out as %d with a region as %d are out of order at region %d', (base, spliced, region) => {
    const [sealed, other] = [base64(layouts[base]![2]), base64(layouts[spliced]![2])];
    const mixed = Buffer.concat([sealed.subarray(0, 44), other.subarray(44, 88), sealed.subarray(88)]);
    const opener = protocolFor('2.1').opener(key, fieldReader(regionInfo(16)), {
      form: 'stream',
      regionOrder: 'checked',
      counting: 'any',
    });

    expect(() => runAll(opener.open(opener.layout.window({ offset: 0 }, mixed.length)), mixed)).toThrow(
      expect.objectContaining({ code: 'REGION_OUT_OF_ORDER', region }),
    );
  });

  it('is written with the nonces of .NET', () => {
    const sealed = runAll(protocolFor('2.1').sealer(key, { form: 'stream', regionLength: 16 }).seal(), counted(40));

    expect(sealed.toString('base64')).toBe(layouts[2]?.[2]);
  });

  it('of a recording of the Python SDK', () => {
    const sealed = base64('AAAAAAAAAAAAAAAA36fti93e3c5nphghXMQznudhdD1KYf09pvx+Kjk2Jr24Vj20AEg=');
    const plaintext = Buffer.from('Hello World Encrypted!');

    expectEveryReading('2.0', { form: 'stream', fields: regionInfo(4_194_304) }, { sealed, plaintext });
    const again = new RegionSealer({ key, dataLength: 4_194_304, leastRegions: 0, nonces: bigEndian96 });
    expect(runAll(again, plaintext).equals(sealed)).toBe(true);
  });

  it('of a message', () => {
    const plaintext = Buffer.from('hello ☃');

    const sealed = runAll(protocolFor('2.0').sealer(key, { form: 'message' }).seal(), plaintext);

    expect(sealed.toString('base64')).toBe('AAAAAAEAAAAAAAAA6vfun8aYbjP0V+e1jvXKwQVaLBum9/E3xg==');
    expectEveryReading('2.0', { form: 'message', fields: regionInfo(4_194_304) }, { sealed, plaintext });
  });
});

describe('a property of an entity', () => {
  const place = { partitionKey: 'pk', rowKey: 'rk' };
  const sealer = () => protocolFor('1.0').sealer(key, { form: 'entity', iv });

  it.each([
    ['a name', 'name', 'John', 'py7xHJr+wHQYfPlQIaA0dA=='],
    ['an empty name', 'name', '', 'pMzuROQksDlNHpZD2/JmzQ=='],
    ['the list of names', '_ClientEncryptionMetadata2', '["name"]', 'XbBqP/AS2xoSAf9/+9k+mw=='],
  ])('%s', (_what, name, text, expected) => {
    const [sealed] = sealer().sealProperties?.(place, [{ name, plaintext: Buffer.from(text) }]) ?? [];

    expect(sealed?.toString('base64')).toBe(expected);
  });
});

interface Reading {
  readonly form: ContentForm;
  readonly fields: Record<string, unknown>;
}

/** Completely, in every range, as a stream, and byte by byte. */
function expectEveryReading(
  version: '1.0' | '2.0' | '2.1',
  { form, fields }: Reading,
  { sealed, plaintext }: { readonly sealed: Buffer; readonly plaintext: Buffer },
): void {
  const opener = () =>
    protocolFor(version).opener(key, fieldReader(fields), { form, regionOrder: 'checked', counting: 'any' });
  const whole = (): ByteTransform => opener().open(opener().layout.window({ offset: 0 }, sealed.length));

  expect(runAll(whole(), sealed).equals(plaintext)).toBe(true);
  for (const length of [1, 3, 16, 29]) {
    const transform = whole();
    const pieces: Buffer[] = [];
    for (let at = 0; at < sealed.length; at += length) pieces.push(...transform.push(sealed.subarray(at, at + length)));
    expect(Buffer.concat([...pieces, ...transform.finish()]).equals(plaintext)).toBe(true);
  }
  const offsets = [...new Set([0, 1, 15, 16, 17, 31, 32, 33, plaintext.length - 1, plaintext.length])];
  for (const offset of offsets.filter((at) => at >= 0)) {
    for (const count of [1, 15, 16, 17, 33, plaintext.length]) {
      const reader = opener();
      const window = reader.layout.window({ offset, count }, sealed.length);
      const fetched = sealed.subarray(window.offset, window.offset + window.count);
      const expected = plaintext.subarray(offset, offset + count);
      expect([offset, count, runAll(reader.open(window), fetched).equals(expected)]).toEqual([offset, count, true]);
    }
  }
}
