import { openEnvelope } from '../../src/envelope/envelope.js';
import type { EntityPlace } from '../../src/protocol/protocol.js';
import { partitionKeyFirst, rowKeyFirst, sealProperties } from '../../src/protocol/v1/entity.js';
import { parseEncryptionData } from '../../src/wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, parseSealedNames, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { casesOf, contentKeyOf, readByDotnet, readingPolicy } from '../support/vectors.js';

const cases = casesOf('table');
const rows = cases.flatMap((vector) =>
  (['fullmetadata', 'minimalmetadata'] as const).map((level) => [vector.id, level, vector] as const),
);
type Row = Readonly<Record<string, unknown>>;

const binary = (row: Row, name: string): Buffer => Buffer.from(row[name] as string, 'base64');

function placeOf({ entity: { PartitionKey, RowKey } }: (typeof cases)[number]): EntityPlace {
  return { partitionKey: PartitionKey, rowKey: RowKey };
}

describe('entities of other SDKs', () => {
  it('are all present', () => {
    expect(cases.length).toBeGreaterThan(30);
  });

  it.each(rows)('%s at %s opens', async (_id, level, vector) => {
    const row = vector.stored[level];
    const { PartitionKey: partitionKey, RowKey: rowKey } = vector.entity;
    const target = { kind: 'table', account: 'a', table: 't', partitionKey, rowKey } as const;
    const data = parseEncryptionData(row[ENCRYPTION_DATA_PROPERTY] as string);
    const opener = await openEnvelope(readingPolicy(vector.key), data, { target, form: 'entity' });
    const open = (names: readonly string[]): Buffer[] | undefined =>
      opener.openProperties?.(
        placeOf(vector),
        names.map((name) => ({ name, sealed: binary(row, name) })),
      );

    const names = parseSealedNames(open([SEALED_NAMES_PROPERTY])?.[0] as Buffer);

    expect(names).toEqual(vector.encryptedProperties);
    const values = names.map((name) => vector.entity.properties[name]?.value);
    expect(open(names)?.map(String)).toEqual(values);
    expect(names.flatMap((name) => open([name])?.map(String))).toEqual(values);
  });

  it.each(rows)('%s at %s is sealed again to the same bytes', async (_id, level, vector) => {
    const row = vector.stored[level];
    const data = parseEncryptionData(row[ENCRYPTION_DATA_PROPERTY] as string);
    const key = await contentKeyOf(data, vector.key);
    const entityIv = Buffer.from(String(data.field('ContentEncryptionIV')), 'base64');
    const cipher = { key, entityIv, keyOrder: vector.javaV1 === true ? partitionKeyFirst : rowKeyFirst };

    const names = vector.encryptedProperties;
    const properties = names.map((name) => ({
      name,
      plaintext: Buffer.from(String(vector.entity.properties[name]?.value), 'utf8'),
    }));
    const sealed = sealProperties(cipher, placeOf(vector), properties).map((bytes) => bytes.toString('base64'));

    expect(sealed).toEqual(names.map((name) => row[name]));
  });
});

describe('rows of this package', () => {
  const rows = readByDotnet('table').map((vector) => [vector.id, vector] as const);

  it.each(rows)('%s was read by .NET, and is sealed again to the same bytes', async (_id, vector) => {
    const row = vector.stored as unknown as Row;
    const [partitionKey, rowKey] = [String(row.PartitionKey), String(row.RowKey)];
    const target = { kind: 'table', account: 'a', table: 't', partitionKey, rowKey } as const;
    const data = parseEncryptionData(row[ENCRYPTION_DATA_PROPERTY] as string);
    const opener = await openEnvelope(readingPolicy(vector.key, vector), data, {
      ...{ target, form: 'entity' },
      sealedList: () => binary(row, SEALED_NAMES_PROPERTY),
    });
    const open = (names: readonly string[]) =>
      opener.openProperties?.(
        { partitionKey, rowKey },
        names.map((name) => ({ name, sealed: binary(row, name) })),
      ) as Buffer[];
    const names = parseSealedNames(open([SEALED_NAMES_PROPERTY])[0] as Buffer);
    const texts = open(names);

    const readings = Object.values(vector.readBy).map(({ properties }) =>
      names.map((name) => properties?.[name]?.value),
    );
    expect(readings).toEqual([texts.map(String)]);

    const key = await contentKeyOf(data, vector.key);
    const entityIv = Buffer.from(String(data.field('ContentEncryptionIV')), 'base64');
    const sealed = sealProperties(
      { key, entityIv, keyOrder: rowKeyFirst },
      { partitionKey, rowKey },
      names.map((name, at) => ({ name, plaintext: texts[at] as Buffer })),
    );
    expect(sealed.map((bytes) => bytes.toString('base64'))).toEqual(names.map((name) => row[name]));
  });
});
