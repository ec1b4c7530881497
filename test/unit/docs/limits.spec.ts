/** The numbers of docs/limits.md, computed. */
import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEnvelope } from '../../../src/envelope/envelope.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';
import { RsaKeyEncryptionKey } from '../../../src/keys/rsa-key-encryption-key.js';
import { sealMessage } from '../../../src/queue/message-envelope.js';
import { METADATA_LIMIT, metadataLength, withEncryptionData } from '../../../src/wire/blob-metadata.js';
import { formatEncryptionData } from '../../../src/wire/encryption-data.js';
import { policyOf } from '../../support/blobs.js';
import { PROJECT_ROOT } from '../../support/source-tree.js';

const ROW = /^\| (A256KW|RSA-\d+) \| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$/gm;
const page = readFileSync(join(PROJECT_ROOT, 'docs/limits.md'), 'utf8');
const numberIn = (text = ''): number => Number(text.replaceAll(',', ''));
const rows = [...page.matchAll(ROW)].flatMap(([, kind = '', idLength, message2, message1, metadata2, metadata1]) => [
  { kind, idLength: Number(idLength), protocol: '2.0' as const, message: message2, metadata: metadata2 },
  { kind, idLength: Number(idLength), protocol: '1.0' as const, message: message1, metadata: metadata1 },
]);

/** There is no private key, because its primes would take seconds to find. */
function publicKeyOf(modulusLength: number): KeyObject {
  const modulus = randomBytes(modulusLength / 8);
  modulus[0]! |= 0x80;
  modulus[modulus.length - 1]! |= 1;
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' });
}

function keyOf(kind: string, keyId: string): KeyEncryptionKey {
  if (kind === 'A256KW') return AesKeyEncryptionKey.generate(keyId);
  return RsaKeyEncryptionKey.fromKeyObject(keyId, publicKeyOf(Number(kind.slice('RSA-'.length))));
}

it('the page about limits has its table', () => {
  expect(rows).toHaveLength(8);
});

describe.each(rows)(
  'under $kind with an id of $idLength characters, $protocol',
  ({ kind, idLength, protocol, ...documented }) => {
    const policy = policyOf(protocol, { keyEncryptionKey: keyOf(kind, 'k'.repeat(idLength)) });

    it(`the largest message has ${documented.message} bytes`, async () => {
      const target = { kind: 'queue', account: 'account', queue: 'queue' } as const;
      const context = { policy, target, encoding: 'text', form: 'message' } as const;
      const length = numberIn(documented.message);

      await expect(sealMessage(Buffer.alloc(length), context)).resolves.toHaveProperty('length');
      await expect(sealMessage(Buffer.alloc(length + 1), context)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    });

    it(`a blob has ${documented.metadata} bytes of metadata left`, async () => {
      const target = { kind: 'blob', account: 'account', container: 'container', blob: 'blob' } as const;
      const { encryptionData } = await createEnvelope(policy, { target, form: 'stream' });

      const metadata = withEncryptionData({}, formatEncryptionData(encryptionData, 'blob'));

      expect(METADATA_LIMIT - metadataLength(metadata)).toBe(numberIn(documented.metadata));
    });
  },
);
