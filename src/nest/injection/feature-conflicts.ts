/**
 * Finds features that provide a client under the same token, with different policies or for different containers, queues or tables, to one
 * module. Nest would inject the client of the first import, and what the other says would silently not apply.
 */
import type { InjectionToken } from '@nestjs/common';
import { FEATURE, type FeatureRecord, type FeatureResource } from './feature.providers.js';

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
      (conflict) =>
        `module ${module.name} imports two features of ${conflict}: ` +
        'use the same one for both, or import them in separate modules',
    );
  });
}

interface Provided {
  readonly feature: FeatureRecord;
  readonly resource: FeatureResource;
}

function conflictsAmong(features: readonly FeatureRecord[]): readonly string[] {
  const firsts = new Map<InjectionToken, Provided>();
  const conflicts = new Set<string>();
  for (const feature of features) {
    for (const resource of feature.resources) {
      const provided = { feature, resource };
      const first = firsts.get(resource.token) ?? provided;
      const difference = differenceOf(first, provided);
      if (difference !== null) conflicts.add(`${resource.title} with different ${difference}`);
      firsts.set(resource.token, first);
    }
  }
  return [...conflicts];
}

function differenceOf(one: Provided, other: Provided): string | null {
  if (!isSamePolicy(one.feature, other.feature)) return '"encryption"';
  const names = [one.resource.name, other.resource.name];
  return names[0] === names[1] ? null : `names in the account, ${names.map((name) => `"${name}"`).join(' and ')}`;
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
