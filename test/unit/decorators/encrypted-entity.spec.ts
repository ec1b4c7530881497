import { IntersectionType, OmitType, PartialType, PickType } from '@nestjs/mapped-types';
import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../../src/decorators/encrypted-entity.decorator.js';
import { entityDeclaration } from '../../../src/decorators/entity-declaration.js';
import { EncryptedQueueHandler } from '../../../src/nest/consumers/queue-handler.decorator.js';
import { assertEntityClass, tableNameOf } from '../../../src/table/entity-class.js';
import { tablePolicy } from '../../support/tables.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward!: string;
}
class Inheriting extends Patient {}
@EncryptedEntity<Visitor>({ clear: ['badge'] })
class Visitor extends Patient {
  badge!: string;
}
@EncryptedEntity({ table: 'wide', clear: '*' })
class Wide {
  @Encrypt() name!: string;
}
@EncryptedEntity<Narrow>({ clear: ['ward'] })
class Narrow extends Wide {
  ward!: string;
}
@EncryptedEntity({ table: 'sealing' })
class Sealing extends Patient {
  @Encrypt() declare ward: string;
}

const refused = (code: string, message: RegExp): Error =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;
/** What a JavaScript application, or a wrong cast, may pass. */
const declare = (options: object, target: object = class Any {}): void =>
  (EncryptedEntity as unknown as (options: object) => (target: object) => void)(options)(target);

describe('the declaration of an entity class', () => {
  it.each([
    ['its own', Patient, { table: 'patients', clear: ['ward'] }],
    ['inherited', Inheriting, { table: 'patients', clear: ['ward'] }],
    ['added to the inherited one', Visitor, { table: 'patients', clear: ['ward', 'badge'] }],
    ['everything', Wide, { table: 'wide', clear: '*' }],
    ['a list instead of everything', Narrow, { table: 'wide', clear: ['ward'] }],
    ['that of a class that seals more than its base', Sealing, { table: 'sealing', clear: ['ward'] }],
  ])('is %s', (_what, entity, { table, clear }) => {
    expect(entityDeclaration(entity)).toEqual({ table, clear: clear === '*' ? '*' : new Set(clear) });
    expect(() => assertEntityClass(entity, tablePolicy())).not.toThrow();
  });

  it.each([
    ['an unknown option', { tabel: 'patients' }, /"tabel" is not an option: the options are table, clear/],
    [
      'a table name that the service does not accept',
      { table: 'my-patients' },
      /"my-patients" cannot be the name of a table/,
    ],
    ['a table that is not text', { table: 7 }, /must be the name of a table/],
    ['the list of tables of the service', { table: 'Tables' }, /"Tables"/],
    ['a list that is not an array', { clear: 'ward' }, /"clear" must be a list of names, or "\*"/],
    ['names that are not text', { clear: ['ward', Symbol('s')] }, /"clear" must be a list of names/],
    ['a key', { clear: ['partitionKey'] }, /names "partitionKey"/],
    ['a column of the format', { clear: ['_ClientEncryptionMetadata2'] }, /_ClientEncryptionMetadata2/],
    ['__proto__', { clear: ['__proto__'] }, /__proto__/],
  ])('is rejected with %s', (_what, options, message) => {
    expect(() => declare(options)).toThrow(refused('INVALID_ENTITY', message));
  });

  it('is rejected if it lists a sealed property under "clear", its own or an inherited one', () => {
    class Other {
      @Encrypt() name!: string;
    }

    expect(() => declare({ clear: ['name'] }, Other)).toThrow(refused('INVALID_ENTITY', /decide which/));
    expect(() => declare({ clear: ['name'] }, class extends Patient {})).toThrow(refused('INVALID_ENTITY', /"name"/));
  });

  it('is checked again when the class is registered, because more may have been marked since', () => {
    class Late {
      name!: string;
    }
    declare({ table: 'late', clear: ['name'] }, Late);
    Encrypt()(Late.prototype, 'name');

    expect(() => assertEntityClass(Late, tablePolicy())).toThrow(refused('INVALID_ENTITY', /"name"/));
  });

  it.each([
    ['PartialType', PartialType(Patient)],
    ['OmitType', OmitType(Patient, ['rowKey'])],
    ['PickType', PickType(Patient, ['name'])],
    ['IntersectionType', IntersectionType(Patient, Wide)],
  ])('is missing on the class that %s returns, and on classes that extend it', (type, mapped) => {
    for (const entity of [mapped, class Patch extends mapped {}]) {
      expect(() => assertEntityClass(entity, tablePolicy())).toThrow(refused('INVALID_ENTITY', new RegExp(type)));
      expect(() => tableNameOf(entity)).toThrow(refused('INVALID_ENTITY', new RegExp(type)));
    }
  });

  it.each(['_Patient', 'e'])(
    'does not derive the table from the name of the class, which a bundler may change to %s',
    (renamed) => {
      const entity = { [renamed]: class {} }[renamed] as new () => object;
      declare({ clear: '*' }, entity);

      expect(() => tableNameOf(entity)).toThrow(refused('INVALID_OPTIONS', /has no table: set "table"/));
      expect(tableNameOf(entity, 'patients')).toBe('patients');
      expect(() => tableNameOf(entity, 'a')).toThrow(refused('INVALID_OPTIONS', /"a"/));
    },
  );
});

describe('a build with standard decorators', () => {
  const context = { kind: 'field', name: 'ssn', static: false, private: false, metadata: {} };

  it.each([
    ['@Encrypt()', Encrypt(), undefined],
    ['@EncryptedEntity()', EncryptedEntity(), class {}],
    ['@EncryptedQueueHandler()', EncryptedQueueHandler('referrals'), () => undefined],
  ])('reports which compiler option %s needs', (_what, decorator, target) => {
    expect(() => (decorator as (target: unknown, context: unknown) => void)(target, context)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('experimentalDecorators') as string }) as Error,
    );
  });
});

describe('the options of @Encrypt()', () => {
  it.each([
    ['a misspelt name', { typ: 'date' }, /"typ" is not an option: the options are when, type, as/],
    ['a condition that is not a function', { when: true }, /"when"/],
    ['a class instead of a function that returns it', { as: 'Address', type: 'json' }, /"as"/],
    ['a class for a property that is not JSON', { as: () => Patient }, /set "type" to "json"/],
    ['null', null, /needs an object/],
  ])('are rejected with %s', (_what, options, message) => {
    expect(() => Encrypt(options as never)({} as { a: string }, 'a' as never)).toThrow(
      refused('INVALID_ENTITY', message),
    );
  });

  it('are rejected when the class is registered if "as" returns no class', () => {
    @EncryptedEntity({ table: 'circular' })
    class Circular {
      @Encrypt({ type: 'json', as: () => undefined as never }) address!: object;
    }

    expect(() => assertEntityClass(Circular, tablePolicy())).toThrow(refused('INVALID_ENTITY', /"address".*no class/));
  });
});
