import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../../src/decorators/encrypted-entity.decorator.js';
import { PartitionKey, RowKey } from '../../../src/decorators/key.decorators.js';
import { Sign } from '../../../src/decorators/sign.decorator.js';
import { EncryptedQueueHandler } from '../../../src/nest/consumers/queue-handler.decorator.js';

/** Compilers that only strip types let the mistake through, and a property would silently stay in plaintext. */
describe('a decorator without its parentheses', () => {
  it.each<[string, unknown]>([
    ['@Encrypt', Encrypt],
    ['@Sign', Sign],
    ['@PartitionKey', PartitionKey],
    ['@RowKey', RowKey],
  ])('is refused on a property: %s', (name, decorator) => {
    const declare = () => {
      class Patient {
        @(decorator as PropertyDecorator) name!: string;
      }
      return Patient;
    };

    expect(declare).toThrow(expect.objectContaining({ code: 'INVALID_ENTITY' }) as Error);
    expect(declare).toThrow(`${name}() was written without parentheses`);
  });

  it('is refused on a class', () => {
    const decorator = EncryptedEntity as unknown as ClassDecorator;

    expect(() => decorator(class Patient {})).toThrow('@EncryptedEntity() was written without parentheses');
  });

  it('is refused on a handler', () => {
    const declare = () => {
      class Handler {
        @(EncryptedQueueHandler as unknown as MethodDecorator) handle(): void {
          return undefined;
        }
      }
      return Handler;
    };

    expect(declare).toThrow('@EncryptedQueueHandler() was written without parentheses');
  });
});

it.each(['patients', null])('says that an entity class is given a table in an object, not as %j', (options) => {
  expect(() => (EncryptedEntity as (table: unknown) => unknown)(options)).toThrow(/needs its options as an object/);
});
