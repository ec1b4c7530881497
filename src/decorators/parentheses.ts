/** Decorators of this package are called with their options, and return the decorator. */
import { InvalidEntityError } from '../errors/input.js';

/** What to do about a decorator whose options are what it should decorate. */
export const PARENTHESES_ADVICE = 'was written without parentheses, and would have no effect: add them';

/** Throws {@link InvalidEntityError} if a decorator that takes `most` arguments was called with the target and name of a property. */
export function assertParentheses(decorator: string, { length }: ArrayLike<unknown>, most: number): void {
  if (length > most) throw new InvalidEntityError(`${decorator} ${PARENTHESES_ADVICE}`);
}
