import fc from 'fast-check';
import { runAll, type ByteTransform } from '../../src/crypto/byte-transform.js';
import { generateContentKey, importContentKey } from '../../src/crypto/content-key.js';
import type { ContentForm, Protocol } from '../../src/protocol/protocol.js';
import { protocolFor } from '../../src/protocol/registry.js';
import { fieldReader } from '../../src/wire/json.js';
import { content } from '../support/blobs.js';

const key = importContentKey(generateContentKey());
const REGION = 100;

interface Kind {
  readonly name: string;
  readonly protocol: Protocol;
  readonly form: ContentForm;
  readonly regionLength: number;
}

const kinds: readonly Kind[] = [
  { name: '1.0 stream', protocol: protocolFor('1.0'), form: 'stream', regionLength: REGION },
  { name: '1.0 message', protocol: protocolFor('1.0'), form: 'message', regionLength: REGION },
  { name: '2.1 stream', protocol: protocolFor('2.1'), form: 'stream', regionLength: REGION },
  { name: '2.1 stream of small regions', protocol: protocolFor('2.1'), form: 'stream', regionLength: 16 },
  { name: '2.0 message', protocol: protocolFor('2.0'), form: 'message', regionLength: REGION },
];

/** What a region has beyond its data, to test lengths at which data could be mistaken for it. */
const OVERHEAD = 28;
const edges = [
  ...[0, 1, 15, 16, 17, 31, 32, 33, REGION - 1, REGION, REGION + 1, 3 * REGION, 3 * REGION + 1],
  ...[OVERHEAD - 1, OVERHEAD, OVERHEAD + 1, REGION - OVERHEAD, REGION + OVERHEAD, 3 * REGION + OVERHEAD],
];
const lengths = fc.oneof(fc.constantFrom(...edges), fc.nat(1000));
const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });

function fed(transform: ByteTransform, bytes: Buffer, cutLengths: readonly number[]): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = cutLengths[turn % cutLengths.length] ?? 1;
    pieces.push(...transform.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat([...pieces, ...transform.finish()]);
}

/** Overwrites the pieces that it receives, like a consumer that frees their memory. */
function spoiling(transform: ByteTransform): ByteTransform {
  const spoiled = (pieces: readonly Buffer[]): Buffer[] => {
    const copies = pieces.map((piece) => Buffer.from(piece));
    for (const piece of pieces) piece.fill(0xff);
    return copies;
  };
  return { push: (chunk) => spoiled(transform.push(chunk)), finish: () => spoiled(transform.finish()) };
}

describe.each(kinds.map((kind) => [kind.name, kind] as const))(
  'content of %s',
  (_name, { protocol, form, regionLength }) => {
    it('opens to what was sealed, whatever the chunking', () => {
      fc.assert(
        fc.property(lengths, cuts, cuts, (length, sealCuts, openCuts) => {
          const plaintext = content(length);
          const sealer = protocol.sealer(key, { form, regionLength });
          const sealed = fed(sealer.seal(), plaintext, sealCuts);
          const opener = protocol.opener(key, fieldReader(sealer.fields), {
            form,
            regionOrder: 'checked',
            counting: 'any',
          });
          const opened = fed(opener.open(opener.layout.window({ offset: 0 }, sealed.length)), sealed, openCuts);

          expect(sealed.length).toBe(sealer.layout.ciphertextLength(length));
          expect(opened.equals(plaintext)).toBe(true);
        }),
      );
    });

    it('returns pieces that nothing else uses, sealed or opened', () => {
      fc.assert(
        fc.property(lengths, lengths, cuts, cuts, (length, offset, sealCuts, openCuts) => {
          const plaintext = content(length);
          const sealer = protocol.sealer(key, { form, regionLength });
          const sealed = fed(spoiling(sealer.seal()), plaintext, sealCuts);
          const opener = protocol.opener(key, fieldReader(sealer.fields), {
            form,
            regionOrder: 'checked',
            counting: 'any',
          });
          const window = opener.layout.window({ offset }, sealed.length);
          const fetched = sealed.subarray(window.offset, window.offset + window.count);
          const opened = fed(spoiling(opener.open(window)), fetched, openCuts);

          expect(opened.equals(plaintext.subarray(offset))).toBe(true);
          expect(plaintext.equals(content(length))).toBe(true);
          expect(runAll(opener.open(window), fetched).equals(opened)).toBe(true);
        }),
      );
    });

    it('opens any range, in any order of ranges', () => {
      const ranges = fc.array(fc.tuple(lengths, fc.option(lengths, { nil: undefined })), {
        minLength: 1,
        maxLength: 6,
      });
      fc.assert(
        fc.property(lengths, ranges, (length, asked) => {
          const plaintext = content(length);
          const sealer = protocol.sealer(key, { form, regionLength });
          const sealed = runAll(sealer.seal(), plaintext);
          const opener = protocol.opener(key, fieldReader(sealer.fields), {
            form,
            regionOrder: 'checked',
            counting: 'any',
          });

          for (const [offset, count] of asked) {
            const window = opener.layout.window(count === undefined ? { offset } : { offset, count }, sealed.length);
            const fetched = sealed.subarray(window.offset, window.offset + window.count);
            expect(fetched.length).toBe(window.count);
            const expected = plaintext.subarray(offset, count === undefined ? undefined : offset + count);
            expect(runAll(opener.open(window), fetched).equals(expected)).toBe(true);
          }
        }),
      );
    });

    it('never opens to more or less if its end is missing', () => {
      fc.assert(
        fc.property(lengths, fc.integer({ min: 1, max: 400 }), (length, missing) => {
          const sealer = protocol.sealer(key, { form, regionLength });
          const sealed = runAll(sealer.seal(), content(length));
          const opener = protocol.opener(key, fieldReader(sealer.fields), {
            form,
            regionOrder: 'checked',
            counting: 'any',
          });
          const window = opener.layout.window({ offset: 0 }, sealed.length);
          fc.pre(missing <= window.count);

          expect(() => runAll(opener.open(window), sealed.subarray(0, sealed.length - missing))).toThrow(
            'Decryption failed',
          );
        }),
      );
    });

    it('is sealed only once', () => {
      const sealer = protocol.sealer(key, { form, regionLength });
      sealer.seal();

      expect(() => sealer.seal()).toThrow('works once');
    });
  },
);
