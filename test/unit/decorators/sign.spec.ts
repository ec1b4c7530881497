import { Encrypt, EncryptedEntity, type EntityClass, Sign } from 'nestjs-azure-encrypted-storage';
import { assertDeclared, assertEntityClass } from '../../../src/table/entity-class.js';
import { entityModel } from '../../../src/table/entity-model.js';
import { tablePolicy } from '../../support/tables.js';

@EncryptedEntity<Base>({ table: 'bases', clear: ['note'] })
class Base {
  partitionKey!: string;
  rowKey!: string;
  @Sign() status!: string;
  note?: string;
}
class Derived extends Base {
  @Sign() amount!: number;
}
class Sealing extends Base {
  @Encrypt() declare status: string;
}
const signedOf = (entity: EntityClass): readonly string[] => [...entityModel(entity).signed];

describe('@Sign()', () => {
  it('is inherited by subclasses, and does not leak into their bases', () => {
    expect([Base, Derived].map(signedOf)).toEqual([['status'], ['status', 'amount']]);
  });

  it('is replaced by @Encrypt() in a subclass, which signs as well', () => {
    expect(signedOf(Sealing)).toEqual([]);
    expect(() => {
      assertEntityClass(Sealing, tablePolicy());
    }).not.toThrow();
  });

  it('takes effect even if it is applied after the class was first used', () => {
    class Late extends Base {}
    expect(signedOf(Late)).toEqual(['status']);
    Sign()(Late.prototype, 'note');

    expect(signedOf(Late)).toEqual(['status', 'note']);
  });

  it('declares a property, so that it needs no entry under "clear", and may have one', () => {
    @EncryptedEntity<Both>({ clear: ['status'] })
    class Both {
      @Sign() status!: string;
    }
    const entity = { partitionKey: 'p', rowKey: 'r', status: 'open', amount: 1 };
    expect(() => {
      assertDeclared(entity, Derived, tablePolicy());
      assertEntityClass(Both, tablePolicy());
    }).not.toThrow();
    expect(() => {
      assertDeclared(entity, Base, tablePolicy());
    }).toThrow(expect.objectContaining({ code: 'UNDECLARED_PROPERTY', propertyName: 'amount' }) as Error);
  });

  it('is enough for a class that seals nothing if encryption is required', () => {
    expect(() => {
      assertEntityClass(Base, tablePolicy());
    }).not.toThrow();
  });

  it('is lost by mapped types, whose class is rejected with the same advice as for @Encrypt()', () => {
    @EncryptedEntity({ table: 'mapped' })
    class Mapped {
      status!: string;
    }
    expect(() => {
      assertEntityClass(Mapped, tablePolicy());
    }).toThrow(/no property with @Encrypt\(\) or @Sign\(\).*PartialType, OmitType/);
  });

  it('is rejected together with @Encrypt(), in the class or in one that it extends', () => {
    class Sealed {
      @Encrypt() name!: string;
    }
    class Signing extends Sealed {
      @Sign() declare name: string;
    }
    expect(() => {
      EncryptedEntity()(Signing);
    }).toThrow(/finds @Sign\(\) on "name", which @Encrypt\(\) seals and signs: drop @Sign\(\)/);
  });

  it.each(['partitionKey', 'RowKey', 'timestamp', 'etag', 'odata.type', '_ClientEncryptionMetadata1', '__proto__'])(
    'is rejected on %s',
    (name) => {
      expect(() => {
        Sign()({}, name as never);
      }).toThrow(expect.objectContaining({ code: 'INVALID_ENTITY' }) as Error);
    },
  );

  it.each<readonly [string, () => void]>([
    [
      'symbols',
      () => {
        Sign()({}, Symbol('x') as never);
      },
    ],
    [
      'static properties',
      () => {
        Sign()(class {} as never, 'x' as never);
      },
    ],
    [
      'methods',
      () => {
        (Sign() as (...given: unknown[]) => void)({}, 'x', { value: () => 1 });
      },
    ],
    [
      'the arguments of standard decorators',
      () => {
        (Sign() as (...given: unknown[]) => void)(undefined, { kind: 'field' });
      },
    ],
  ])('is rejected on %s', (_what, apply) => {
    expect(apply).toThrow(expect.objectContaining({ code: 'INVALID_ENTITY' }) as Error);
  });
});
