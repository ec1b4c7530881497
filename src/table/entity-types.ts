/** The types of entities that are written. Their keys may have names that TypeScript cannot see, because decorators give them. */

interface Keys {
  partitionKey: string;
  rowKey: string;
}

/** A class without a property named like a key has another name for it, or leaves it to the object. */
type KeysOf<T> = Pick<Keys, Extract<keyof T, keyof Keys>> & Partial<Keys>;

/** An entity to store: that of the class, with its keys. */
export type StorableEntity<T extends object> = T & KeysOf<T>;

/** An entity to store, or the part of it that changes, with its keys. */
export type ChangedEntity<T extends object> = Partial<T> & KeysOf<T>;
