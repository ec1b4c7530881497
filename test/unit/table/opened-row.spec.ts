import { AesKeyEncryptionKey, Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
import { openEntity, sealEntity, sealRow } from '../../../src/table/entity-envelope.js';

/** Each value takes two blocks. */
@EncryptedEntity({ table: 'visits' })
class Visit {
  @Encrypt() patient = 'a patient with a name';
  @Encrypt() doctor = 'a doctor with a name';
  @Encrypt() room = 'a room without a name';
}

const context = {
  policy: {
    ...({ protocol: '1.0', integrity: 'off', requireEncryption: true } as const),
    keyEncryptionKey: AesKeyEncryptionKey.generate('key'),
  },
  ...{ account: 'account', table: 'visits', entityClass: Visit },
};
const sealed = () => sealEntity({ partitionKey: 'p', rowKey: 'r', ...new Visit() }, context);

/** More padding than a block, whatever the key is: flips the bits over the padding in the block before the last one. */
function unpadded(value: unknown): Buffer {
  const bytes = Buffer.from(value as Buffer);
  bytes[bytes.length - 17]! ^= 0xff;
  return bytes;
}

const damages = { unpadded, number: () => 7, short: (value: unknown) => (value as Buffer).subarray(1) };
const CODES = {
  unpadded: 'DECRYPTION_FAILED',
  number: 'INVALID_ENCRYPTION_METADATA',
  short: 'DECRYPTION_FAILED',
} as const;
const kinds = Object.keys(damages) as (keyof typeof damages)[];
const pairs = kinds.flatMap((first) => kinds.map((second) => [first, second] as const));

it.each(pairs)('the first of two faults in a row is reported: %s, then %s', async (first, second) => {
  for (const [one, other] of [
    ['patient', 'doctor'],
    ['doctor', 'room'],
    ['patient', 'room'],
  ] as const) {
    const row = await sealed();
    const broken = { ...row, [one]: damages[first](row[one]), [other]: damages[second](row[other]) };

    await expect(openEntity(broken, context)).rejects.toMatchObject({ code: CODES[first] });
  }
});

it('a row opens with its properties in any order', async () => {
  const row = await sealed();
  const turned = Object.fromEntries(Object.entries(row).reverse()) as typeof row;

  await expect(openEntity(turned, context)).resolves.toEqual(
    Object.assign(new Visit(), { partitionKey: 'p', rowKey: 'r' }),
  );
});

it('a property is sealed under its own name, although objects have a setter of that name', async () => {
  const texts = new Map([['__proto__', { type: 'string' as const, bytes: Buffer.from('text') }]]);
  const sealing = { texts, signed: new Set<string>(), tags: new Map<string, never>() };

  const row = await sealRow({ partitionKey: 'p', rowKey: 'r' }, sealing, context);

  expect(Object.hasOwn(row, '__proto__')).toBe(true);
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});

it.each(['partitionKey', 'rowKey', '_ClientEncryptionMetadata1', '_ClientEncryptionMetadata2'])(
  'a row does not open if its list of sealed properties names %s',
  async (name) => {
    const texts = new Map([[name, { type: 'string' as const, bytes: Buffer.from('of another tenant') }]]);
    const sealing = { texts, signed: new Set<string>(), tags: new Map<string, never>() };
    const keys = { partitionKey: 'base64+/', rowKey: 'base64==' };
    const row = await sealRow(keys, sealing, context);

    await expect(openEntity({ ...row, ...keys }, context)).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  },
);
