/**
 * Finds features that provide a client under the same token, with different policies or for different containers, queues or tables, to one
 * module. Nest would inject the client of the first import, and what the other says would silently not apply.
 */
import type { InjectionToken } from '@nestjs/common';
import { FEATURE, type ProvidedClient } from './feature.providers.js';
import { type StartedModule, visibleModules } from './visible-modules.js';

/** A sentence for each conflict among the features of one account. */
export function featureConflicts(modules: readonly StartedModule[], account: string | undefined): readonly string[] {
  return modules.flatMap((module) => {
    const clients = visibleClients(module).filter((client) => client.account === account);
    return conflictsAmong(clients).map(
      (conflict) =>
        `module ${module.name} imports two features of ${conflict}: ` +
        'use the same one for both, or import them in separate modules',
    );
  });
}

function conflictsAmong(clients: readonly ProvidedClient[]): readonly string[] {
  const firsts = new Map<InjectionToken, ProvidedClient>();
  const conflicts = new Set<string>();
  for (const client of clients) {
    const first = firsts.get(client.token) ?? client;
    firsts.set(client.token, first);
    const difference = differenceOf(first, client);
    if (difference !== null) conflicts.add(`${client.title} with different ${difference}`);
  }
  return [...conflicts];
}

function differenceOf(one: ProvidedClient, other: ProvidedClient): string | null {
  if (!isSamePolicy(one, other)) return '"encryption"';
  const names = [one.name, other.name];
  return names[0] === names[1] ? null : `names in the account, ${names.map((name) => `"${name}"`).join(' and ')}`;
}

/** Compares member by member, as objects. Two copies of the same options are equal; two keys are not. */
function isSamePolicy({ encryption: one = {} }: ProvidedClient, { encryption: other = {} }: ProvidedClient): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof typeof one>;
  return [...names].every((option) => one[option] === other[option]);
}

const visibleClients = (module: StartedModule): readonly ProvidedClient[] =>
  visibleModules(module).flatMap(
    ({ providers }) => (providers.get(FEATURE)?.instance as readonly ProvidedClient[] | undefined) ?? [],
  );
