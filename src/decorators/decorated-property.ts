/** What the decorators of properties have in common. */
import { InvalidEntityError } from '../errors/input.js';
import { isStandardCall, STANDARD_CALL_ADVICE } from './standard-decorators.js';

/**
 * A member is written out in the declaration files of users who keep what a decorator returns. A type with a name of its own would be
 * imported there, from a file that the package does not export.
 */
export interface DecoratedNames {
  /** The SDK's names of the keys, and what the service sets. */
  readonly reserved: 'partitionKey' | 'rowKey' | 'timestamp' | 'etag';
}

/**
 * Matches no name, so the compiler prints it where a name was expected. An interface would not work in the declaration files of
 * users.
 */
export type Refused<Reason extends string> = Readonly<Record<'reason', Reason>>;

/** The name of the property. Throws {@link InvalidEntityError} unless the decorator is on a named property of instances. */
export function decoratedName(
  decorator: string,
  target: object,
  [propertyKey, descriptor]: readonly [unknown, ...unknown[]],
): string {
  if (isStandardCall(propertyKey)) throw new InvalidEntityError(`${decorator} ${STANDARD_CALL_ADVICE}`);
  // methods and accessors come with a descriptor; tables store only own properties
  if (descriptor !== undefined) {
    throw new InvalidEntityError(
      `${decorator} works on properties: "${String(propertyKey)}" is a method or an accessor`,
    );
  }
  if (typeof propertyKey !== 'string')
    throw new InvalidEntityError(`${decorator} works on named properties, not on symbols`);
  if (typeof target === 'function') {
    throw new InvalidEntityError(`${decorator} works on instance properties: make "${propertyKey}" one`);
  }
  return propertyKey;
}
