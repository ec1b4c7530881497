/**
 * Two features that provide a client under one token, with different policies, to one module: Nest would inject the one that is
 * imported first, and the policy of the other would silently not hold.
 */
import type { InjectionToken } from '@nestjs/common';
import { FEATURE, type FeatureRecord } from './feature.providers.js';

/** What is looked at of Nest's own modules. */
export interface StartedModule {
  readonly name: string;
  readonly metatype: unknown;
  readonly imports: ReadonlySet<StartedModule>;
  readonly exports: ReadonlySet<unknown>;
  readonly providers: ReadonlyMap<unknown, { readonly instance: unknown }>;
}

/** A sentence for each, of the features of one account. */
export function featureConflicts(modules: Iterable<StartedModule>, name: string | undefined): readonly string[] {
  return [...modules].flatMap((module) => {
    const features = visibleFeatures(module).filter((feature) => feature.name === name);
    return conflictsAmong(features).map(
      (title) =>
        `module ${module.name} imports two features of ${title} with different "encryption": ` +
        'give both the same one, or import them in modules of their own',
    );
  });
}

function conflictsAmong(features: readonly FeatureRecord[]): readonly string[] {
  const firsts = new Map<InjectionToken, FeatureRecord>();
  const titles = new Set<string>();
  for (const feature of features) {
    for (const [token, title] of feature.resources) {
      const first = firsts.get(token) ?? feature;
      if (!isSamePolicy(first, feature)) titles.add(title);
      firsts.set(token, first);
    }
  }
  return [...titles];
}

/** Member by member, as objects: two options that are written down twice alike are the same, two keys are not. */
function isSamePolicy({ encryption: one = {} }: FeatureRecord, { encryption: other = {} }: FeatureRecord): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof typeof one>;
  return [...names].every((option) => one[option] === other[option]);
}

/** Of the imports, and of what they hand on of theirs, as Nest looks for a provider. */
function visibleFeatures(module: StartedModule): readonly FeatureRecord[] {
  const seen = new Set<StartedModule>();
  const visit = (imports: readonly StartedModule[]): readonly FeatureRecord[] =>
    imports.flatMap((imported) => {
      if (seen.has(imported)) return [];
      seen.add(imported);
      const record = imported.providers.get(FEATURE)?.instance as FeatureRecord | undefined;
      const handedOn = [...imported.imports].filter(({ metatype }) => imported.exports.has(metatype));
      return [...(record === undefined ? [] : [record]), ...visit(handedOn)];
    });
  return visit([...module.imports]);
}
