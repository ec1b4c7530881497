import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, withoutEntries } from '../support/tables.js';

@EncryptedEntity<Sample>({ table: 'samples', clear: ['clear'] })
class Sample {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text?: string | null;
  @Encrypt() amount?: number | null;
  @Encrypt() serial?: bigint;
  @Encrypt() active?: boolean;
  @Encrypt({ type: 'date' }) taken?: Date | null;
  @Encrypt() scan?: Uint8Array;
  @Encrypt() findings?: { readonly codes: readonly number[]; readonly note?: string | null };
  @Encrypt({ type: 'json' }) raw?: unknown;
  clear?: string | null;
}

/** The same rows as seen by a program that only supports strings. */
@EncryptedEntity({ table: 'textss' })
class Texts {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text?: string;
}

const tableName = uniqueTableName('values');
let samples: EncryptedTableClient<Sample>;
const keys = { partitionKey: 'p', rowKey: 'r' };
const whole: Sample = {
  ...keys,
  text: 'ünïcode 🔑',
  amount: -0,
  serial: 2n ** 80n,
  active: false,
  taken: new Date('2026-02-03T04:05:06.789Z'),
  scan: Buffer.from([0, 1, 255]),
  findings: { codes: [1, -0, 2.5], note: null },
  raw: 'just text',
};
const found = () => samples.getEntity('p', 'r');
const stored = (): Promise<Record<string, unknown>> => samples.unencryptedClient.getEntity('p', 'r');
const entryOf = (row: Record<string, unknown>): unknown => {
  const data = JSON.parse(row[ENCRYPTION_DATA_PROPERTY] as string) as { KeyWrappingMetadata: { AzCseTypes?: string } };
  return data.KeyWrappingMetadata.AzCseTypes;
};

/** Stores a row whose types are not authenticated, and replaces their entry. */
async function change(entry: unknown, values: Sample = whole): Promise<void> {
  await tableOf(Sample, tableName, withoutEntries()).updateEntity(values);
  const row = await stored();
  const data = JSON.parse(row[ENCRYPTION_DATA_PROPERTY] as string) as { KeyWrappingMetadata: object };
  data.KeyWrappingMetadata = { ...data.KeyWrappingMetadata, AzCseTypes: entry };
  await samples.unencryptedClient.updateEntity({ ...keys, [ENCRYPTION_DATA_PROPERTY]: JSON.stringify(data) }, 'Merge');
}

beforeAll(async () => {
  samples = tableOf(Sample, tableName);
  await samples.createTable();
});
beforeEach(async () => {
  await samples.upsertEntity(whole);
});

describe('values', () => {
  it('are returned exactly as they were stored by every read', async () => {
    const listed = [];
    for await (const sample of samples.listEntities()) listed.push(sample);

    for (const sample of [await found(), ...listed]) {
      expect({ ...sample }).toMatchObject({ ...whole });
      expect(Object.is(sample.amount, -0)).toBe(true);
      expect(Object.is(sample.findings?.codes[1], -0)).toBe(true);
      expect(Buffer.isBuffer(sample.scan)).toBe(true);
      expect(sample.taken).toBeInstanceOf(Date);
    }
  });

  it('are stored only as ciphertext, with their types next to the library', async () => {
    const row = await stored();

    for (const name of Object.keys(whole).filter((key) => !(key in keys))) expect(row[name]).toBeInstanceOf(Uint8Array);
    expect(JSON.parse(entryOf(row) as string)).toEqual({
      ...{ amount: 'number', serial: 'bigint', active: 'boolean', taken: 'date', scan: 'binary' },
      ...{ findings: 'json', raw: 'json' },
    });
  });

  it('need no entry if all are strings', async () => {
    await samples.updateEntity({ ...keys, text: 'x' });

    expect(entryOf(await stored())).toBeUndefined();
  });

  it('are returned the same if the types of the SDK are requested', async () => {
    const sample = await samples.getEntity('p', 'r', { disableTypeConversion: true });
    await samples.updateEntity(sample);

    expect({ ...(await found()) }).toMatchObject({ ...whole });
  });

  it('of an undeclared type are rejected before any request', async () => {
    const before = await stored();

    await expect(samples.updateEntity({ ...keys, taken: '2026-02-03' as never })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VALUE',
      propertyName: 'taken',
    });
    expect(await stored()).toEqual(before);
  });

  it('may have 65535 bytes of text, and thus 49149 bytes of binary', async () => {
    const scan = Buffer.alloc(49_149, 7);
    await samples.updateEntity({ ...keys, scan });

    expect((await found()).scan).toEqual(scan);
    await expect(samples.updateEntity({ ...keys, scan: Buffer.alloc(49_150) })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringContaining('"scan"') as string,
    });
  });
});

describe('null and undefined', () => {
  it('are stored as a sealed null and not at all', async () => {
    await samples.updateEntity({ ...keys, text: null, amount: null, taken: null, serial: undefined, clear: null });

    const sample = await found();
    expect(sample).toMatchObject({ text: null, amount: null, taken: null });
    for (const name of ['serial', 'clear', 'scan']) expect(sample).not.toHaveProperty(name);
    expect((await stored())['text']).toHaveLength(16);
  });

  it('differ from empty text, which other programs read instead of null', async () => {
    await change(undefined, { ...keys, text: null });

    expect((await tableOf(Texts, tableName).getEntity('p', 'r')).text).toBe('');
  });
});

describe('changed types', () => {
  it.each<readonly [string, unknown, string]>([
    ['are not JSON', 'x', 'INVALID_ENCRYPTION_METADATA'],
    ['are not text', { text: 'date' }, 'INVALID_ENCRYPTION_METADATA'],
    ['are unknown', '{"text":"money"}', 'INVALID_ENCRYPTION_METADATA'],
    ['name a prototype', '{"__proto__":{"text":"date"}}', 'INVALID_ENCRYPTION_METADATA'],
    ['name a property that is not sealed', '{"clear":"date"}', 'INVALID_ENCRYPTION_METADATA'],
    ['do not fit the text', '{"text":"date"}', 'DECRYPTION_FAILED'],
  ])('cause an error if they %s', async (_what, entry, code) => {
    await change(entry);

    await expect(found()).rejects.toMatchObject({ code });
    expect(({} as Record<string, unknown>)['text']).toBeUndefined();
  });

  it('or removed ones do not affect declared types; other values are returned as texts', async () => {
    await change(undefined);

    expect(await found()).toMatchObject({
      amount: '-0',
      taken: new Date('2026-02-03T04:05:06.789Z'),
      scan: 'AAH/',
      raw: 'just text',
    });
  });

  it.each([
    ['another type', '{"taken":"number"}', 'INVALID_ENCRYPTION_METADATA'],
    ['string', '{"taken":"string"}', 'INVALID_ENCRYPTION_METADATA'],
    ['null, although it is a text', '{"taken":"null"}', 'DECRYPTION_FAILED'],
  ])('cause an error if they assign to a declared property %s', async (_what, entry, code) => {
    await change(entry);

    await expect(found()).rejects.toMatchObject({ code });
  });

  it('cause an error if a text without a type does not match the declared one', async () => {
    await change(undefined, { ...keys, taken: null });

    await expect(found()).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  });
});

class Address {
  street!: string;
  zip?: string = undefined;
  _ClientEncryptionMetadata1?: string;
  label(): string {
    return `${this.street}!`;
  }
}
@EncryptedEntity<Person>({ table: 'people', clear: ['city'] })
class Person {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ type: 'json', as: () => Address }) home?: Address | null;
  @Encrypt({ type: 'json', as: () => Address }) others?: readonly Address[];
  @Encrypt({ type: 'json' }) plain?: Address;
  @Encrypt<Person>({ when: ({ home }) => home?.label() === 'High Street!' }) secret?: string;
  city?: string;
}

describe('a data class in JSON', () => {
  const high = Object.assign(new Address(), { street: 'High Street', _ClientEncryptionMetadata1: 'x' });
  const people = tableOf(Person, tableName);
  const place = { partitionKey: 'people', rowKey: '1' };

  it('is returned as an instance if "as" names it, in lists too, and otherwise as a plain object', async () => {
    await people.upsertEntity({ ...place, home: high, others: [high], plain: high });

    const { home, others, plain } = await people.getEntity('people', '1');

    expect([home, others?.[0]].map((address) => address?.label())).toEqual(['High Street!', 'High Street!']);
    expect({ ...home }).toEqual({ street: 'High Street', _ClientEncryptionMetadata1: 'x' });
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  it('is an instance for conditions, on reads and in merges, and may be null', async () => {
    await people.upsertEntity({ ...place, home: high, secret: 'x' });
    await people.updateEntity({ ...place, city: 'Bath' }, 'Merge');
    const stored: Record<string, unknown> = await people.unencryptedClient.getEntity('people', '1');

    expect(stored['secret']).toBeInstanceOf(Uint8Array);
    expect(await people.getEntity('people', '1')).toMatchObject({ secret: 'x', city: 'Bath' });
    await people.updateEntity({ ...place, home: null }, 'Merge');
    expect((await people.getEntity('people', '1')).home).toBeNull();
  });
});
