import { createSecretKey, randomBytes } from 'node:crypto';
import { cbcOpener, cbcSealer } from '../../../src/crypto/aes-cbc.js';
import { runAll } from '../../../src/crypto/byte-transform.js';
import { ManyOpener, sealMany } from '../../../src/crypto/cbc-many.js';
import { DecryptionError } from '../../../src/errors/content.js';

const key = createSecretKey(randomBytes(32));
const BLOCK = 16;
/** Around block boundaries, and around the length from which content gets its own cipher. */
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 64, 239, 240, 241, 255, 256, 257, 1000, 32 * 1024];

const contentOf = (length: number) => ({ iv: randomBytes(BLOCK), plaintext: randomBytes(length) });
const sealAlone = ({ iv, plaintext }: { readonly iv: Buffer; readonly plaintext: Buffer }): Buffer =>
  runAll(cbcSealer({ key, iv, padding: 'pkcs7' }), plaintext);
const openOne = (opener: ManyOpener, iv: Buffer, sealed: Buffer): Buffer => opener.open([sealed], iv)[0]!;

type Content = ReturnType<typeof contentOf>;
const sealAll = (contents: readonly Content[]): Buffer[] =>
  sealMany(
    key,
    contents.map(({ plaintext }) => plaintext),
    ivsOf(contents),
  );
const openAll = (contents: readonly { readonly iv: Buffer; readonly sealed: Buffer }[]): Buffer[] =>
  new ManyOpener(key).open(
    contents.map(({ sealed }) => sealed),
    ivsOf(contents),
  );
const ivsOf = (contents: readonly { readonly iv: Buffer }[]): Buffer => Buffer.concat(contents.map(({ iv }) => iv));

describe('many short pieces of content', () => {
  it.each(LENGTHS)('of %i bytes are sealed to the same bytes as with a cipher for each', (length) => {
    const content = contentOf(length);

    expect(sealAll([content])).toEqual([sealAlone(content)]);
  });

  it.each([
    ['in order', LENGTHS],
    ['back to front', [...LENGTHS].reverse()],
    ['all of one length', [40, 40, 40]],
    ['none', []],
  ])('of any lengths are sealed together, %s', (_order, lengths) => {
    const contents = lengths.map(contentOf);

    expect(sealAll(contents)).toEqual(contents.map(sealAlone));
  });

  it('keep their plaintext and IVs unchanged', () => {
    const content = contentOf(40);
    const before = structuredClone(content);

    sealAll([content]);

    expect(content.plaintext.equals(before.plaintext)).toBe(true);
    expect(content.iv.equals(before.iv)).toBe(true);
  });

  it('open one after another, long and short', () => {
    const opener = new ManyOpener(key);
    const contents = LENGTHS.map(contentOf);

    const opened = contents.map((content) => openOne(opener, content.iv, sealAlone(content)));

    expect(opened).toEqual(contents.map(({ plaintext }) => plaintext));
  });

  it.each([
    ['in order', LENGTHS],
    ['back to front', [...LENGTHS].reverse()],
    ['all of one length', [40, 40, 40]],
    ['none', []],
  ])('open in one step, %s', (_order, lengths) => {
    const contents = lengths.map(contentOf);
    const sealed = contents.map((content) => ({ iv: content.iv, sealed: sealAlone(content) }));

    expect(openAll(sealed)).toEqual(contents.map(({ plaintext }) => plaintext));
  });

  it('keep their ciphertext unchanged', () => {
    const content = contentOf(40);
    const sealed = sealAlone(content);

    openOne(new ManyOpener(key), content.iv, sealed);

    expect(sealed).toEqual(sealAlone(content));
  });
});

describe('damaged content', () => {
  const content = contentOf(40);
  const sealed = sealAlone(content);

  it.each([0, 1, 15, 17, 31, 33, 47])('of %i bytes is rejected', (length) => {
    expect(() => openOne(new ManyOpener(key), content.iv, sealed.subarray(0, length))).toThrow(DecryptionError);
  });

  it('opens or fails exactly as with its own cipher, whichever byte was changed', () => {
    const outcomeOf = (open: () => Buffer): string => {
      try {
        return open().toString('hex');
      } catch (error) {
        return String(error);
      }
    };
    const opener = new ManyOpener(key);

    for (let at = 0; at < sealed.length; at++) {
      for (const mask of [0x01, 0x07, 0x0f, 0x18, 0x80]) {
        const changed = Buffer.from(sealed);
        changed[at]! ^= mask;
        const alone = cbcOpener({ key, iv: content.iv, padding: 'pkcs7' });
        expect(outcomeOf(() => openOne(opener, content.iv, changed))).toBe(outcomeOf(() => runAll(alone, changed)));
      }
    }
  });

  it.each([
    ['no padding', Buffer.alloc(BLOCK, 0)],
    ['more padding than a block', Buffer.alloc(BLOCK, 17)],
    ['inconsistent padding', Buffer.from([...Buffer.alloc(BLOCK - 2), 1, 2])],
  ])('with %s is rejected', (_what, block) => {
    const unpadded = runAll(cbcSealer({ key, iv: content.iv, padding: 'none' }), block);

    expect(() => openOne(new ManyOpener(key), content.iv, unpadded)).toThrow(DecryptionError);
  });

  it.each([0, 1, 2])('at position %i of three makes the entire step fail', (place) => {
    const others = [contentOf(40), contentOf(17), contentOf(0)].map((other) => ({
      iv: other.iv,
      sealed: sealAlone(other),
    }));
    const padless = runAll(cbcSealer({ key, iv: content.iv, padding: 'none' }), Buffer.alloc(BLOCK));
    for (const broken of [padless, sealed.subarray(1), Buffer.alloc(0)]) {
      const contents = others.map((other, at) => (at === place ? { iv: content.iv, sealed: broken } : other));
      expect(() => openAll(contents)).toThrow(DecryptionError);
    }
  });

  it('does not affect content that is opened after it', () => {
    const opener = new ManyOpener(key);

    expect(() => openOne(opener, content.iv, sealed.subarray(1))).toThrow(DecryptionError);
    expect(() => openOne(opener, content.iv, Buffer.from(sealed).reverse())).toThrow(DecryptionError);

    expect(openOne(opener, content.iv, sealed)).toEqual(content.plaintext);
  });

  it('never opens to the original under another key or IV', () => {
    const opener = new ManyOpener(createSecretKey(randomBytes(32)));
    const opened = [0, 1, 2, 3].flatMap(() => {
      try {
        return [openOne(opener, randomBytes(BLOCK), sealed)];
      } catch {
        return [];
      }
    });

    expect(opened.some((bytes) => bytes.equals(content.plaintext))).toBe(false);
  });
});
