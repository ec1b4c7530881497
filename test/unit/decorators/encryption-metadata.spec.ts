import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../../src/decorators/encrypted-entity.decorator.js';
import { getEncryptedProperties, recordEncryptedProperty } from '../../../src/decorators/encryption-metadata.js';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../../src/wire/entity-metadata.js';

@EncryptedEntity({ table: 'bases' })
class Base {
  @Encrypt() ssn!: string;
}
@EncryptedEntity({ table: 'subs' })
class Sub extends Base {
  @Encrypt() more!: string;
}
@EncryptedEntity({ table: 'narroweds' })
class Narrowed extends Base {
  @Encrypt({ when: () => false }) declare ssn: string;
}

const namesOf = (entity: new () => object) => getEncryptedProperties(entity).map(({ propertyKey }) => propertyKey);
const mark = Encrypt() as (target: object, key: string | symbol, descriptor?: object) => void;
const invalid = expect.objectContaining({ code: 'INVALID_ENTITY' }) as Error;

describe('encrypted properties', () => {
  it('are inherited, and never leak into the base or a sibling', () => {
    expect(namesOf(Sub)).toEqual(['ssn', 'more']);
    expect(namesOf(Base)).toEqual(['ssn']);
    expect(namesOf(Narrowed)).toEqual(['ssn']);
    expect(namesOf(class {})).toEqual([]);
  });

  it('use the options of the nearest class', () => {
    expect(getEncryptedProperties(Narrowed)[0]?.options.when).toBeDefined();
    expect(getEncryptedProperties(Base)[0]?.options.when).toBeUndefined();
  });

  it.each([
    ...['partitionKey', 'rowKey', 'PartitionKey', 'RowKey', 'timestamp', 'Timestamp', 'etag', 'odata.metadata'],
    ...[ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY, '__proto__'],
  ])('cannot be named %s', (name) => {
    expect(() => recordEncryptedProperty({}, name, {})).toThrow(invalid);
  });

  it('cannot have an unknown type', () => {
    expect(() => recordEncryptedProperty({}, 'name', { type: 'money' as never })).toThrow(invalid);
    expect(() => recordEncryptedProperty({}, 'name', { type: 'toString' as never })).toThrow(invalid);
  });

  it('cannot be static properties, symbols, methods or accessors', () => {
    expect(() => mark(class {}, 'name')).toThrow(invalid);
    expect(() => mark({}, Symbol('name'))).toThrow(invalid);
    expect(() => mark({}, 'name', { value: () => 1 })).toThrow(invalid);
    expect(() => mark({}, 'name', { get: () => 1 })).toThrow(invalid);
  });
});
