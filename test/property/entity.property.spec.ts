import fc from 'fast-check';
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';
import { openEntity, sealEntity } from '../../src/table/entity-envelope.js';
import { decodeValue, encodeValue } from '../../src/table/values/property-value.js';
import { ENCRYPTION_DATA_PROPERTY } from '../../src/wire/entity-metadata.js';
import { tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'everythings' })
class Everything {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() one?: unknown;
  @Encrypt() other?: unknown;
  @Encrypt({ type: 'json' }) more?: unknown;
}

// own properties of that name are rejected
const json = fc
  .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
  .filter((given) => !JSON.stringify(given).includes('"__proto__":'));
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary' });
const value = fc.oneof(
  text,
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  bytes,
  json.filter((given) => typeof given === 'object'),
  fc.constantFrom(null, -0, NaN, '', 0n),
);
const context = { policy: tablePolicy(), account: 'a', table: 't', entityClass: Everything };

describe('an entity', () => {
  it('opens to the values that were stored, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, value, value, json, async (partitionKey, rowKey, one, other, more) => {
        const entity = { partitionKey, rowKey, one, other, more };

        const opened = await openEntity(await sealEntity(entity, context), context);

        expect({ ...opened }).toStrictEqual(entity);
      }),
    );
  });

  it('never returns a value of another type if its types are changed, and never crashes', async () => {
    const types = fc.oneof(
      fc.constantFrom('string', 'number', 'bigint', 'boolean', 'date', 'binary', 'json', 'null'),
      fc.string(),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(value, types, async (one, type) => {
        const row = await sealEntity({ partitionKey: 'p', rowKey: 'r', one }, context);
        const data = JSON.parse(row[ENCRYPTION_DATA_PROPERTY] as string) as {
          KeyWrappingMetadata: Record<string, unknown>;
        };
        data.KeyWrappingMetadata['AzCseTypes'] = JSON.stringify({ one: type });
        const changed = { ...row, [ENCRYPTION_DATA_PROPERTY]: JSON.stringify(data) };

        const outcome = await openEntity(changed, context).catch((error: unknown) => error);

        const { one: opened } = outcome as { one?: unknown };
        const isRefused = ['INVALID_ENCRYPTION_METADATA', 'DECRYPTION_FAILED'].includes(
          (outcome as { code?: string }).code ?? '',
        );
        if (isRefused) return;
        // what does open is sealed to the same text again
        const again = encodeValue('one', opened, type as never);
        expect(again.bytes).toEqual(encodeValue('one', one).bytes);
        expect(decodeValue(again)).toStrictEqual(opened);
      }),
    );
  });
});
