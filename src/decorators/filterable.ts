/**
 * Key of the list of properties that filters may name. TypeScript cannot see decorators, so the class lists its clear properties
 * in a type, and `@Encrypt()` does not compile on a property of that list. The names must also be listed under `clear` of
 * `@EncryptedEntity()`, unless they are keys. Nothing is stored under this key.
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity, Filterable } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity<Patient>({ table: 'patients', clear: ['ward', 'admitted'] })
 * export class Patient {
 *   [Filterable]?: 'ward' | 'admitted';
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() name!: string;
 *   ward!: string;
 *   admitted!: Date;
 * }
 * ```
 */
export const Filterable: unique symbol = Symbol.for('nestjs-azure-encrypted-storage/filterable');

/** The names that a class lists under {@link Filterable}; `never` without a list. */
export type FilterableName<Entity> = Entity extends { readonly [Filterable]?: infer Names }
  ? Extract<Names, keyof Entity & string>
  : never;
