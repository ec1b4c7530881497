/** The package that an import or a `require` did not find: a peer that is not installed. Node says its name only in the message. */
const NOT_FOUND = /^Cannot find (?:package|module) '((?:@[\w.-]+\/)?\w[\w.-]*)'(?: imported from |\n|$)/;
const CODES: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/** The name of the package, or `undefined` for any other error. */
export function missingPackageOf(error: unknown): string | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return CODES.includes(code) ? NOT_FOUND.exec(String(message))?.[1] : undefined;
}
