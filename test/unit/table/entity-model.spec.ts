import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../../src/decorators/encrypted-entity.decorator.js';
import { entityModel } from '../../../src/table/entity-model.js';

function classes() {
  @EncryptedEntity<Base>({ table: 'rows', clear: ['ward'] })
  class Base {
    @Encrypt({ type: 'string' }) name!: string;
    late!: string;
    ward!: string;
  }
  @EncryptedEntity<Sub>({ clear: ['floor'] })
  class Sub extends Base {
    @Encrypt({ when: () => false }) room!: string;
    floor!: string;
    more!: string;
  }
  return { Base, Sub };
}

describe('the model of an entity class', () => {
  it('contains what the class and its base declare', () => {
    const { alwaysSealed, sometimesSealed, options, declaration } = entityModel(classes().Sub);

    expect(alwaysSealed).toEqual(['name']);
    expect(sometimesSealed).toEqual(['room']);
    expect(options.get('name')).toEqual({ type: 'string' });
    expect(declaration).toEqual({ table: 'rows', clear: new Set(['ward', 'floor']) });
  });

  it('is computed once', () => {
    const { Base, Sub } = classes();

    expect(entityModel(Sub)).toBe(entityModel(Sub));
    expect(entityModel(Base)).not.toBe(entityModel(Sub));
  });

  it('includes a property that is sealed later, in the class or in its base', () => {
    const { Base, Sub } = classes();
    entityModel(Sub);

    Encrypt()(Sub.prototype, 'more');
    expect(entityModel(Sub).alwaysSealed).toEqual(['name', 'more']);

    Encrypt()(Base.prototype, 'late');
    expect(entityModel(Sub).alwaysSealed).toEqual(['name', 'late', 'more']);
    expect(entityModel(Base).alwaysSealed).toEqual(['name', 'late']);
  });

  it('includes a later declaration, and reflects another base', () => {
    const { Base, Sub } = classes();
    entityModel(Sub);

    EncryptedEntity<{ late: string }>({ table: 'others', clear: ['late'] })(Base);
    expect(entityModel(Sub).declaration).toEqual({ table: 'others', clear: new Set(['late', 'floor']) });

    Object.setPrototypeOf(Sub.prototype, Object.prototype);
    expect(entityModel(Sub).alwaysSealed).toEqual([]);
    expect(entityModel(Sub).declaration).toEqual({ table: null, clear: new Set(['floor']) });
  });

  it('ignores changes to options and lists after they were passed', () => {
    class Entity {
      name!: string;
      ward!: string;
    }
    const options: { when?: () => boolean } = {};
    const clear: 'ward'[] = ['ward'];
    Encrypt(options)(Entity.prototype, 'name');
    EncryptedEntity<Entity>({ table: 'rows', clear })(Entity);
    options.when = () => false;
    clear.pop();

    expect(entityModel(Entity).alwaysSealed).toEqual(['name']);
    expect(entityModel(Entity).declaration?.clear).toEqual(new Set(['ward']));
  });
});
