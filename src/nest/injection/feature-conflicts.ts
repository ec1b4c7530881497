/**
 * Finds features that provide a client under the same token, with different policies, to one module. Nest would inject the client
 * of the first import, and the policy of the other would silently not apply.
 */
import type { InjectionToken } from '@nestjs/common';
import { FEATURE, type FeatureRecord } from './feature.providers.js';

/** The part of Nest's own modules that is used here. */
interface StartedModule {
  readonly name: string;
  readonly metatype: unknown;
  readonly imports: ReadonlySet<StartedModule>;
  readonly exports: ReadonlySet<unknown>;
  readonly providers: ReadonlyMap<unknown, { readonly instance: unknown }>;
}

/** A sentence for each conflict among the features of one account. */
export function featureConflicts(modules: Iterable<StartedModule>, name: string | undefined): readonly string[] {
  return [...modules].flatMap((module) => {
    const features = visibleFeatures(module).filter((feature) => feature.name === name);
    return conflictsAmong(features).map(
      (title) =>
        `module ${module.name} imports two features of ${title} with different "encryption": ` +
        'use the same one for both, or import them in separate modules',
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

/** Compares member by member, as objects. Two copies of the same options are equal; two keys are not. */
function isSamePolicy({ encryption: one = {} }: FeatureRecord, { encryption: other = {} }: FeatureRecord): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof typeof one>;
  return [...names].every((option) => one[option] === other[option]);
}

/** The features among the imports and their re-exports, in the order in which Nest looks for a provider. */
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
