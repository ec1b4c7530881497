/**
 * Finds features that provide a client under the same token, with different policies or for different containers, queues or tables, to one
 * module. Nest would inject the client of the first import, and what the other says would silently not apply.
 */
import type { InjectionToken } from '@nestjs/common';
import { FEATURE, type FeatureRecord, type FeatureResource } from './feature.providers.js';
import { type StartedModule, visibleModules } from './visible-modules.js';

/** A sentence for each conflict among the features of one account. */
export function featureConflicts(modules: readonly StartedModule[], name: string | undefined): readonly string[] {
  return modules.flatMap((module) => {
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

const visibleFeatures = (module: StartedModule): readonly FeatureRecord[] =>
  visibleModules(module).flatMap(
    ({ providers }) => (providers.get(FEATURE)?.instance as FeatureRecord | undefined) ?? [],
  );
