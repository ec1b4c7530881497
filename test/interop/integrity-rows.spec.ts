/** Known answers for the integrity entries of rows: read, written again, read by .NET, rotated. */
import { readFileSync } from 'node:fs';
import { AesKeyEncryptionKey, Encrypt } from 'nestjs-azure-encrypted-storage';
import { importContentKey } from '../../src/crypto/content-key.js';
import { rewrapEnvelope } from '../../src/envelope/rewrap.js';
import { EntitySealing } from '../../src/envelope/integrity/entity-sealing.js';
import type { SignedValue } from '../../src/envelope/integrity/property-tags.js';
import { protocolFor } from '../../src/protocol/registry.js';
import type { EntityKeys, Row } from '../../src/table/entity-context.js';
import { openRow, valuesOf } from '../../src/table/opened-row.js';
import { valuesToSign } from '../../src/table/values/signed-value.js';
import { parseEncryptionData } from '../../src/wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, formatSealedNames, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { readByDotnet, readingPolicy } from '../support/vectors.js';

interface RowCase {
  readonly id: string;
  readonly kind: string;
  readonly cek: string;
  readonly iv: string;
  readonly entries: Readonly<Record<string, string>>;
  readonly context?: string;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly sealed: Readonly<Record<string, string>>;
  readonly signed: Readonly<Record<string, { readonly type: string; readonly json: unknown }>>;
  readonly signedValues: Readonly<Record<string, { readonly type: SignedValue['type']; readonly value: string }>>;
  readonly stored: {
    readonly _ClientEncryptionMetadata1: string;
    readonly _ClientEncryptionMetadata2: string;
    readonly sealed: Readonly<Record<string, string>>;
  };
}
const file = JSON.parse(readFileSync('test/vectors/integrity.json', 'utf8')) as {
  readonly kek: { readonly id: string; readonly hex: string };
  readonly cases: readonly RowCase[];
};
const kek = AesKeyEncryptionKey.fromBase64(file.kek.id, Buffer.from(file.kek.hex, 'hex').toString('base64'));
const rows = file.cases.filter(({ kind }) => kind === 'entity').map((vector) => [vector.id, vector] as const);

class Anything {
  @Encrypt({ type: 'date' }) Straße?: Date;
}
const contextOf = (vector: Pick<RowCase, 'context'>, key = kek) => ({
  policy: { ...readingPolicy(key, vector), integrity: 'require' as const },
  ...{ account: 'a', table: 't', entityClass: Anything },
});
const typed = ({ type, json }: RowCase['signed'][string]) => ({ type, value: json });
const fromBase64 = (values: Readonly<Record<string, string>>): Row =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Buffer.from(value, 'base64')]));

/** The row as the SDK returns it without type conversion. */
const rowOf = ({ partitionKey, rowKey, stored, signed }: RowCase): Row & EntityKeys => ({
  ...{ partitionKey, rowKey },
  ...fromBase64(stored.sealed),
  ...Object.fromEntries(Object.entries(signed).map(([name, value]) => [name, typed(value)])),
  [ENCRYPTION_DATA_PROPERTY]: stored._ClientEncryptionMetadata1,
  [SEALED_NAMES_PROPERTY]: Buffer.from(stored._ClientEncryptionMetadata2, 'base64'),
});

it.each(rows)('%s is read under "require", with everything that it signs', async (_id, vector) => {
  const { texts, covered } = await openRow(rowOf(vector), contextOf(vector));

  const opened = Object.fromEntries([...texts].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString('utf8')]));
  expect(opened).toEqual(vector.sealed);
  expect([...(covered ?? [])].sort()).toEqual(Object.keys(vector.signed).sort());
});

it.each(rows)('%s has the values that are signed', (_id, vector) => {
  const values = valuesToSign(Object.keys(vector.signed), rowOf(vector));

  const hex = [...values].map(([name, { type, bytes }]) => [name, { type, value: Buffer.from(bytes).toString('hex') }]);
  expect(Object.fromEntries(hex)).toEqual(vector.signedValues);
});

it.each(rows)('%s is sealed again to the same bytes and entries', (_id, vector) => {
  const { partitionKey, rowKey, stored, sealed } = vector;
  const contentKey = importContentKey(Buffer.from(vector.cek, 'hex'));
  const { field, additions } = parseEncryptionData(stored._ClientEncryptionMetadata1);
  const types = additions.get('AzCseTypes');
  const sealing = new EntitySealing(
    contentKey,
    { protocol: protocolFor('1.0'), form: 'entity', field, context: vector.context ?? null },
    {
      ...{ partitionKey, rowKey },
      ...(typeof types === 'string' ? { types } : {}),
      signed: valuesToSign(Object.keys(vector.signed), rowOf(vector)),
    },
  );
  const sealer = protocolFor('1.0').sealer(contentKey, { form: 'entity', iv: Buffer.from(vector.iv, 'hex') });
  const names = Object.keys(sealed);
  const contents = [
    ...names.map((name) => ({ name, plaintext: Buffer.from(sealed[name] ?? '') })),
    { name: SEALED_NAMES_PROPERTY, plaintext: formatSealedNames(names) },
  ];

  const bytes = sealing.watched(sealer).sealProperties?.({ partitionKey, rowKey }, contents) ?? [];

  expect(bytes.map((each) => each.toString('base64'))).toEqual([
    ...names.map((name) => stored.sealed[name]),
    stored._ClientEncryptionMetadata2,
  ]);
  const { AzCseTypes: _types, ...entries } = vector.entries;
  expect(Object.fromEntries(sealing.entries())).toEqual(entries);
});

it.each(rows)('%s keeps its entries when its key is rewrapped', async (_id, vector) => {
  const other = AesKeyEncryptionKey.generate('rotated');
  const { partitionKey, rowKey } = vector;
  const { policy } = contextOf(vector);
  const { text } = await rewrapEnvelope(
    { ...policy, keyEncryptionKey: other },
    vector.stored._ClientEncryptionMetadata1,
    { form: 'entity', target: { kind: 'table', account: 'a', table: 't', partitionKey, rowKey } },
  );
  const row = { ...rowOf(vector), [ENCRYPTION_DATA_PROPERTY]: text };

  const { covered } = await openRow(row, contextOf(vector, other));

  expect(covered?.size).toBe(Object.keys(vector.signed).length);
});

it('a moved row is rejected, even if its keys are equal without a separator', async () => {
  const [, vector] = rows.find(([id]) => id === 'entity-nothing-sealed')!;
  const moved = { ...rowOf(vector), partitionKey: 'a', rowKey: 'bc' };

  await expect(openRow(moved, contextOf(vector))).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
});

describe('rows that .NET read', () => {
  const read = readByDotnet('table')
    .filter(({ id }) => id.startsWith('integrity-'))
    .map((vector) => [vector.id, vector] as const);

  it('are all present', () => {
    expect(read).toHaveLength(4);
  });

  it.each(read)('%s has valid entries, as the service returns the row', async (_id, vector) => {
    const stored = vector.stored as unknown as Row;
    const columns = Object.entries(stored).filter(([name]) => !name.includes('odata.'));
    const {
      PartitionKey: partitionKey,
      RowKey: rowKey,
      ...rest
    } = Object.fromEntries(columns.map(([name, value]) => [name, asSdk(value, stored[`${name}@odata.type`])]));

    const opened = await openRow(
      { ...rest, partitionKey: String(partitionKey), rowKey: String(rowKey) },
      contextOf(vector, vector.key as AesKeyEncryptionKey),
    );

    const { texts } = opened;
    const values = valuesOf(opened, new Map());
    const readings = Object.values(vector.readBy).map(({ properties = {} }) =>
      Object.fromEntries([...values.keys()].map((name) => [name, properties[name]?.value])),
    );
    expect(readings).toEqual([
      Object.fromEntries([...texts].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString('utf8')])),
    ]);
  });
});

const asSdk = (value: unknown, type: unknown): unknown =>
  typeof type === 'string' ? { type: type.replace('Edm.', ''), value } : value;
