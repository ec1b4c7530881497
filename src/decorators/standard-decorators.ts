/** TypeScript and bundlers know two kinds of decorators; Nest and this package use the one that `experimentalDecorators` gives. */

/**
 * Whether a decorator was called as a standard one (TC39), by its second argument: a context object. The decorators of Nest get
 * a name there, or nothing.
 */
export const isStandardCall = (second: unknown): boolean => typeof second === 'object' && second !== null;

/** What to do about it. */
export const STANDARD_CALL_ADVICE =
  'was called as a standard decorator: set "experimentalDecorators" to true in tsconfig.json, or the option of your bundler ' +
  'that compiles legacy decorators, as Nest needs it too';
