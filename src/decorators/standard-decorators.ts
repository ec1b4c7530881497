/**
 * TypeScript and bundlers support two kinds of decorators. Nest and this package use the kind that `experimentalDecorators`
 * enables.
 */

/**
 * Whether a decorator was called as a standard one (TC39): its second argument is then a context object. Decorators of the kind
 * that Nest uses get a name there, or nothing.
 */
export const isStandardCall = (second: unknown): boolean => typeof second === 'object' && second !== null;

/** What to do about it. */
export const STANDARD_CALL_ADVICE =
  'was called as a standard decorator: set "experimentalDecorators" to true in tsconfig.json, or the option of your bundler ' +
  'that compiles legacy decorators, as Nest needs it too';
