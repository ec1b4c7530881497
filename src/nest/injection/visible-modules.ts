/** The part of Nest's own modules that is used here. */
export interface StartedModule {
  readonly name: string;
  readonly metatype: unknown;
  readonly imports: ReadonlySet<StartedModule>;
  readonly exports: ReadonlySet<unknown>;
  readonly providers: ReadonlyMap<unknown, { readonly instance: unknown }>;
}

/** The imports of a module and what they re-export, in the order in which Nest looks for a provider. Global modules come last. */
export function visibleModules(module: StartedModule): readonly StartedModule[] {
  const seen = new Set<StartedModule>();
  const visit = (imports: Iterable<StartedModule>): void => {
    for (const imported of imports) {
      if (seen.has(imported)) continue;
      seen.add(imported);
      visit([...imported.imports].filter(({ metatype }) => imported.exports.has(metatype)));
    }
  };
  visit(module.imports);
  return [...seen];
}
