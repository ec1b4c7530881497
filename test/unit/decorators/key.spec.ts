import {
  Encrypt,
  EncryptedEntity,
  type EntityClass,
  InvalidEntityError,
  PartitionKey,
  RowKey,
  Sign,
} from 'nestjs-azure-encrypted-storage';
import { assertEntityClass } from '../../../src/table/entity-class.js';
import { entityModel } from '../../../src/table/entity-model.js';
import { tablePolicy } from '../../support/tables.js';

class Base {
  @PartitionKey() ward!: string;
  @Encrypt() name!: string;
}
class Derived extends Base {
  @RowKey() number!: string;
}
const renamedIn = (entity: EntityClass): object => Object.fromEntries(entityModel(entity).renamedKeys);
const applied = (decorator: unknown, target: object, name: unknown, descriptor?: object) => () => {
  (decorator as (...given: readonly unknown[]) => void)(target, name, descriptor);
};
/** A class with these decorators on its properties. */
const declaring =
  (decorators: Readonly<Record<string, readonly unknown[]>>, Parent: EntityClass = Base) =>
  () => {
    class Entity extends (Parent as new () => object) {}
    for (const [name, each] of Object.entries(decorators))
      for (const decorator of each) applied(decorator, Entity.prototype, name)();
    EncryptedEntity({ table: 'entities' })(Entity);
  };

describe('@PartitionKey() and @RowKey()', () => {
  it('are inherited by subclasses, and do not leak into their bases', () => {
    expect([Base, Derived].map(renamedIn)).toEqual([
      { partitionKey: 'ward' },
      { partitionKey: 'ward', rowKey: 'number' },
    ]);
  });

  it('take effect even if they are applied after the class was first used', () => {
    class Late extends Base {}
    expect(renamedIn(Late)).toEqual({ partitionKey: 'ward' });
    applied(RowKey(), Late.prototype, 'number')();
    expect(renamedIn(Late)).toEqual({ partitionKey: 'ward', rowKey: 'number' });
  });

  it('may be on properties with the names of the SDK, and on the same property again', () => {
    class Named {
      @PartitionKey() partitionKey!: string;
      @RowKey() rowKey!: string;
    }
    class Again extends Base {
      @PartitionKey() declare ward: string;
    }
    expect([Named, Again].map(renamedIn)).toEqual([{}, { partitionKey: 'ward' }]);
  });

  it.each<readonly [string, () => void, string]>([
    ['two properties', declaring({ region: [PartitionKey()] }), '@PartitionKey() is on "ward" and on "region"'],
    ['both keys', declaring({ ward: [RowKey()] }), '"ward" has both @PartitionKey() and @RowKey()'],
    ['the name of the other key', declaring({ partitionKey: [RowKey()] }), '@RowKey() cannot be "partitionKey"'],
    ['a column of the service', declaring({ RowKey: [RowKey()] }), '@RowKey() cannot be "RowKey"'],
    ['a search tag', declaring({ azcse_t_ssn: [RowKey()] }), '@RowKey() cannot be "azcse_t_ssn"'],
    ['@Encrypt()', declaring({ number: [RowKey(), Encrypt()] }), '@Encrypt() on "number"'],
    ['@Encrypt() of a subclass', declaring({ ward: [Encrypt()] }), '@Encrypt() on "ward"'],
    ['@Encrypt() of a base class', declaring({ name: [RowKey()] }), '@Encrypt() on "name"'],
    ['@Sign()', declaring({ number: [Sign(), RowKey()] }), '@Sign() on "number"'],
    ['a symbol', applied(RowKey(), {}, Symbol('s')), 'not on symbols'],
    ['a static property', applied(RowKey(), class {}, 'number'), 'make "number" one'],
    ['a method', applied(RowKey(), {}, 'number', {}), '"number" is a method or an accessor'],
    ['a standard decorator', applied(PartitionKey(), {}, { kind: 'field' }), 'experimentalDecorators'],
  ])('are rejected with %s', (_what, declare, message) => {
    expect(declare).toThrow(InvalidEntityError);
    expect(declare).toThrow(message);
  });

  it('are rejected on a property that is listed under "clear"', () => {
    class Listed extends Base {}
    const list = EncryptedEntity<Listed>({ table: 'listed', clear: ['ward'] });
    expect(() => {
      list(Listed);
    }).toThrow('names "ward" under "clear", which is a key');
    expect(() => {
      assertEntityClass(Listed, tablePolicy());
    }).toThrow('names "ward" under "clear", which is a key');
  });
});
