import { decoratedName, type DecoratedNames, type Refused } from './decorated-property.js';
import { assertParentheses } from './parentheses.js';
import { KEY_DECORATORS, type KeyNames, recordKey } from './key-metadata.js';

/** The name of a property that can be a key, or the reason why it cannot. */
type KeyProperty<Entity, Name extends keyof Entity, Key extends keyof KeyNames> = Name extends Key
  ? Name
  : Name extends DecoratedNames['reserved']
    ? Refused<'this name belongs to the other key or to the service'>
    : Key extends keyof Entity
      ? Refused<'the class has a property with the name of this key too: keep one of them'>
      : Entity[Name] extends string
        ? Name
        : Refused<'keys are strings'>;

type KeyDecorator<Key extends keyof KeyNames> = <Entity extends object, Name extends keyof Entity>(
  target: Entity,
  propertyKey: KeyProperty<Entity, Name, Key> & Name,
) => void;

/**
 * Marks the property that is the partition key of an entity, under your own name. It is stored as `PartitionKey`, and only there.
 * Entities are written and read with this name. Without the decorator the name is `partitionKey`.
 *
 * Keys are strings. They are stored in plaintext, and always signed. To filter by the name, list it under {@link Filterable}.
 * Subclasses inherit the mark.
 *
 * @throws `INVALID_ENTITY` for a second property with the same key, for a property with both keys, and for reserved names. A
 * property that has `@Encrypt()` or `@Sign()` too, or is listed under `clear`, is rejected by `@EncryptedEntity()`.
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity, type EncryptedTableClient, PartitionKey, RowKey } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity({ table: 'patients' })
 * export class Patient {
 *   @PartitionKey() ward!: string;
 *   @RowKey() number!: string;
 *   @Encrypt() name!: string;
 * }
 *
 * export async function admit(patients: EncryptedTableClient<Patient>): Promise<string> {
 *   await patients.createEntity({ ward: 'north', number: '17', name: 'A. Example' });
 *   const patient = await patients.getEntity('north', '17');
 *   return patient.ward;
 * }
 * ```
 */
export function PartitionKey(): KeyDecorator<'partitionKey'> {
  // eslint-disable-next-line prefer-rest-params -- a rest parameter would be part of the public signature
  assertParentheses('@PartitionKey()', arguments, 0);
  return keyDecorator('partitionKey');
}

/**
 * Marks the property that is the row key of an entity, under your own name. It is stored as `RowKey`, and only there. Everything
 * else is as in {@link PartitionKey}.
 *
 * @throws `INVALID_ENTITY`, as {@link PartitionKey}
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity, PartitionKey, RowKey } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity({ table: 'patients' })
 * export class Patient {
 *   @PartitionKey() ward!: string;
 *   @RowKey() number!: string;
 *   @Encrypt() name!: string;
 * }
 * ```
 */
export function RowKey(): KeyDecorator<'rowKey'> {
  // eslint-disable-next-line prefer-rest-params -- a rest parameter would be part of the public signature
  assertParentheses('@RowKey()', arguments, 0);
  return keyDecorator('rowKey');
}

function keyDecorator<Key extends keyof KeyNames>(key: Key): KeyDecorator<Key> {
  return (target, propertyKey, ...descriptor: readonly unknown[]) => {
    recordKey(target, key, decoratedName(KEY_DECORATORS[key], target, [propertyKey, ...descriptor]));
  };
}
