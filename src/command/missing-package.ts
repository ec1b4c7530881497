/** The package that an import did not find: a peer that is not installed. Node says its name only in the message. */
const NOT_FOUND = /^Cannot find package '((?:@[\w.-]+\/)?[\w.-]+)' imported from /;

/** The name of the package, or `undefined` for any other error. */
export function missingPackageOf(error: unknown): string | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' ? NOT_FOUND.exec(String(message))?.[1] : undefined;
}
