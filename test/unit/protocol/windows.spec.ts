/** Every range of all small contents, through the window that is fetched for it. */
import { runAll } from '../../../src/crypto/byte-transform.js';
import { generateContentKey, importContentKey } from '../../../src/crypto/content-key.js';
import type { ContentForm } from '../../../src/protocol/protocol.js';
import { protocolFor, type ProtocolVersion } from '../../../src/protocol/registry.js';
import { fieldReader } from '../../../src/wire/json.js';
import { content } from '../../support/blobs.js';

const REGION = 16;
const key = importContentKey(generateContentKey());
const refusal = expect.objectContaining({ code: 'DECRYPTION_FAILED' }) as Error;

interface Kind {
  readonly version: ProtocolVersion;
  readonly form: ContentForm;
  /** Lengths of plaintext around each unit. */
  readonly lengths: readonly number[];
  /** Lengths that a ciphertext never has. */
  readonly impossible: readonly number[];
}

const KINDS: readonly Kind[] = [
  { version: '1.0', form: 'stream', lengths: [0, 1, 15, 16, 17, 31, 32, 33, 48], impossible: [0, 1, 15, 17, 31, 33] },
  { version: '1.0', form: 'pages', lengths: [0, 16, 32, 512], impossible: [1, 15, 17, 511] },
  {
    version: '2.1',
    form: 'stream',
    lengths: [0, 1, REGION - 1, REGION, REGION + 1, 2 * REGION, 3 * REGION + 5],
    impossible: [1, 27, REGION + 29, REGION + 28 + 28, 2 * (REGION + 28) + 1],
  },
];

const sealed = ({ version, form }: Kind, length: number) => {
  const protocol = protocolFor(version);
  const sealer = protocol.sealer(key, { form, regionLength: REGION });
  const ciphertext = runAll(sealer.seal(), content(length));
  const open = () =>
    protocol.opener(key, fieldReader(sealer.fields), { form, regionOrder: 'checked', counting: 'any' });
  return { layout: sealer.layout, ciphertext, open };
};

describe.each(KINDS)('content of protocol $version, $form', (kind) => {
  it.each(kind.lengths)('of %d bytes has the ciphertext length that its layout predicts', (length) => {
    const { layout, ciphertext } = sealed(kind, length);

    expect(ciphertext.length).toBe(layout.ciphertextLength(length));
    const { least, most } = layout.plaintextBounds(ciphertext.length);
    expect(least).toBeLessThanOrEqual(length);
    expect(most).toBeGreaterThanOrEqual(length);
  });

  it.each(kind.lengths)('of %d bytes opens in every range from the bytes of its window alone', (length) => {
    const { layout, ciphertext, open } = sealed(kind, length);
    const plaintext = content(length);
    const wrong: unknown[] = [];

    for (let offset = 0; offset <= length + 1; offset += 1) {
      for (const count of [undefined, ...Array.from({ length: Math.min(length, 40) + 2 }, (_, index) => index)]) {
        const range = count === undefined ? { offset } : { offset, count };
        const window = layout.window(range, ciphertext.length);
        const stored = ciphertext.subarray(window.offset, window.offset + window.count);
        const expected = plaintext.subarray(offset, count === undefined ? undefined : offset + count);
        if (!runAll(open().open(window), stored).equals(expected)) wrong.push(range);
      }
    }

    expect(wrong).toEqual([]);
  });

  it('fetches nothing for a range without bytes', () => {
    const { layout, ciphertext } = sealed(kind, kind.lengths.at(-1) ?? 0);

    for (const range of [{ offset: 0, count: 0 }, { offset: 10_000 }, { offset: 10_000, count: 5 }]) {
      expect(layout.window(range, ciphertext.length)).toMatchObject({ count: 0 });
    }
  });

  it.each(kind.impossible)('never has a ciphertext of %d bytes', (length) => {
    const { layout } = sealed(kind, 0);

    expect(() => layout.plaintextBounds(length)).toThrow(refusal);
    expect(() => layout.window({ offset: 0 }, length)).toThrow(refusal);
  });

  it('fails if its window is truncated or too long', () => {
    const { layout, ciphertext, open } = sealed(kind, kind.lengths.at(-1) ?? 0);
    const window = layout.window({ offset: 0 }, ciphertext.length);

    for (const stored of [
      ciphertext.subarray(0, -1),
      ciphertext.subarray(0, 5),
      Buffer.concat([ciphertext, Buffer.alloc(1)]),
    ]) {
      expect(() => runAll(open().open(window), stored)).toThrow(refusal);
    }
  });
});

describe('a window of content whose length is not known yet', () => {
  it.each([
    { version: '1.0', range: { offset: 0, count: 10 }, window: { offset: 0, count: 16 } },
    { version: '1.0', range: { offset: 40, count: 10 }, window: { offset: 16, count: 48 } },
    { version: '2.1', range: { offset: 0, count: 10 }, window: { offset: 0, count: 44 } },
    { version: '2.1', range: { offset: 17, count: 16 }, window: { offset: 44, count: 88 } },
  ] as const)('of protocol $version for $range', ({ version, range, window }) => {
    const layout = protocolFor(version).newLayout({ form: 'stream', regionLength: REGION });

    expect(layout.window(range, Infinity)).toMatchObject({ ...window, reachesEnd: false });
  });
});
