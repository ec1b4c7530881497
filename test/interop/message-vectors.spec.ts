import { runAll } from '../../src/crypto/byte-transform.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { protocolFor } from '../../src/protocol/registry.js';
import { RegionSealer } from '../../src/protocol/v2/content.js';
import { parseMessage } from '../../src/wire/queue-message.js';
import { casesOf, contentKeyOf, readByDotnet, type Reading, readingPolicy, sha256Hex } from '../support/vectors.js';

const target = { kind: 'queue', account: 'a', queue: 'q' } as const;
const cases = casesOf('queue');
const readBy = readByDotnet('queue').map((vector) => [vector.id, vector] as const);
type Vector = Omit<ReturnType<typeof casesOf<'queue'>>[number], 'decrypted' | 'encrypted' | 'encoding' | 'content'>;
const encrypted = cases.filter((vector) => vector.encrypted).map((vector) => [vector.id, vector] as const);
const clear = cases.filter((vector) => !vector.encrypted).map((vector) => [vector.id, vector] as const);

function sealedOf(text: string) {
  const message = parseMessage(text);
  if (message.kind !== 'sealed') throw new Error('the vector is not sealed');
  return message;
}

describe('messages of other SDKs', () => {
  it('are all present', () => {
    expect(encrypted.length).toBeGreaterThan(170);
    expect(clear.length).toBe(2);
  });

  it.each(encrypted)('%s opens', async (_id, vector) => {
    const { sealed, encryptionData } = sealedOf(vector.stored.messageText);
    const opener = await openEnvelope(readingPolicy(vector.key), encryptionData, {
      ...{ target, form: 'message' },
      storedLength: sealed.length,
    });

    const plaintext = runAll(opener.open(opener.layout.window({ offset: 0 }, sealed.length)), sealed);

    if (vector.decrypted.utf8 === undefined) expect(sha256Hex(plaintext)).toBe(vector.decrypted.sha256);
    else expect(plaintext.toString('utf8')).toBe(vector.decrypted.utf8);
  });

  it.each(encrypted)('%s is sealed again to the same bytes', (_id, vector) => expectSealedAgain(vector));

  it.each(clear)('%s, which its writer left in plaintext, is read as plaintext', (_id, vector) => {
    expect(parseMessage(vector.stored.messageText)).toEqual({
      kind: 'plain',
      content: Buffer.from(vector.stored.messageText),
    });
  });
});

describe('messages of this package', () => {
  const digest = ({ sha256, utf8, base64 = '' }: Reading): string =>
    sha256 ?? sha256Hex(utf8 === undefined ? Buffer.from(base64, 'base64') : Buffer.from(utf8));

  it.each(readBy)('%s was read by .NET, and is sealed again to the same bytes', async (_id, vector) => {
    const plaintext = await expectSealedAgain(vector);

    const readings = Object.values(vector.readBy).map(digest);
    expect(readings.length).toBeGreaterThan(1);
    expect(new Set(readings)).toEqual(new Set([sha256Hex(plaintext)]));
  });
});

/** Opens a message, and seals the result under its content key and IV or nonce. */
async function expectSealedAgain(vector: Vector): Promise<Buffer> {
  const { sealed, encryptionData } = sealedOf(vector.stored.messageText);
  const opener = await openEnvelope(readingPolicy(vector.key, vector), encryptionData, {
    ...{ target, form: 'message' },
    storedLength: sealed.length,
  });
  const plaintext = runAll(opener.open(opener.layout.window({ offset: 0 }, sealed.length)), sealed);
  const key = await contentKeyOf(encryptionData, vector.key);
  const nonces = (): Buffer => sealed.subarray(0, 12);
  const iv = Buffer.from(String(encryptionData.field('ContentEncryptionIV')), 'base64');
  const sealer =
    vector.protocol === '1.0'
      ? protocolFor('1.0').sealer(key, { form: 'message', iv }).seal()
      : new RegionSealer({ key, dataLength: 4 * 1024 * 1024, nonces, leastRegions: sealed.length === 0 ? 0 : 1 });

  expect(runAll(sealer, plaintext).equals(sealed)).toBe(true);
  return plaintext;
}
