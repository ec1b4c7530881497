/** What is wrong with a task. A misspelt member would select nothing, and the job would succeed without having done anything. */
import type { Maintained } from '../envelope/maintenance/maintained.js';
import {
  hasTags,
  REENCRYPT_VERIFICATIONS,
  type ReencryptChoice,
  REWRAP_VERIFICATIONS,
} from '../envelope/maintenance/task.js';
import { areTexts, keyIds, retiredKeyIds } from '../envelope/maintenance/key-ids.js';
import {
  choice,
  flag,
  group,
  groupFaults,
  isObject,
  must,
  type OptionRule,
  type OptionRules,
  type RulesOf,
} from '../option-rules.js';

const SUPERSEDED: RulesOf<Omit<ReencryptChoice, 'foreign'>> = {
  keyIds,
  plaintext: flag,
  protocols: must(areTexts, 'a list of protocol versions'),
  withoutIntegrity: flag,
};
const CHOICE: RulesOf<ReencryptChoice> = { ...SUPERSEDED, foreign: flag };

const choosing = <T>(rules: RulesOf<T>): OptionRule =>
  group(rules, (given, path) =>
    Object.values(given).every((value) => value === undefined) ? [`"${path}" must choose something`] : [],
  );

/** The members of each task, and those that it must have. */
const TASKS: Readonly<Record<string, { readonly rules: OptionRules; readonly needed?: string }>> = {
  census: { rules: { retire: keyIds, tags: flag } },
  rewrap: { rules: { retire: retiredKeyIds, verify: choice(REWRAP_VERIFICATIONS) }, needed: 'retire' },
  reencrypt: { rules: { when: choosing(CHOICE), verify: choice(REENCRYPT_VERIFICATIONS) }, needed: 'when' },
  deleteSuperseded: { rules: { when: choosing(SUPERSEDED) }, needed: 'when' },
  reindex: { rules: {} },
};

/** Every fault of a task, as sentences. Its type has not been checked: it may come from a file. */
export function taskFaults(task: unknown): readonly string[] {
  const { do: name, ...given } = isObject(task) ? task : {};
  const known = typeof name === 'string' && Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (known === undefined) return [`"task.do" must be one of ${Object.keys(TASKS).join(', ')}`];
  const { rules, needed } = known;
  const isMissing = needed !== undefined && given[needed] === undefined;
  return [...(isMissing ? [`"task.${needed}" is missing`] : []), ...groupFaults(rules, given, 'task')];
}

/** The kinds of sources that a task supports, if it does not support all, and why. */
const OF_SOURCES: Readonly<Record<string, { readonly kinds: readonly string[]; readonly fault: string }>> = {
  reindex: { kinds: ['rows'], fault: '"sources" of "reindex" must be tables: nothing else has search tags' },
  deleteSuperseded: {
    kinds: ['blobs'],
    fault: '"sources" of "deleteSuperseded" must be containers: nothing else has snapshots and versions',
  },
  census: { kinds: ['blobs', 'rows', 'poison', 'inventory'], fault: '' },
};
const ANY_OTHER = {
  kinds: ['blobs', 'rows', 'poison'],
  fault: '"sources" has an inventory, which can only be counted: take a census of it',
};

/** A census that looked at no tags would count none that is wrong. */
const tagFaults = (task: unknown, sources: readonly Pick<Maintained, 'taskFor'>[]): readonly string[] =>
  isObject(task) &&
  task['do'] === 'census' &&
  task['tags'] === true &&
  !sources.some((source) => hasTags(source.taskFor({ do: 'census', tags: true })))
    ? ['"task.tags" needs a table among "sources" with its entity class, which has searchable properties']
    : [];

export function sourceFaults(
  task: unknown,
  sources: readonly Pick<Maintained, 'kind' | 'taskFor'>[],
): readonly string[] {
  const action = isObject(task) ? String(task['do']) : '';
  const { kinds, fault } = (Object.hasOwn(OF_SOURCES, action) ? OF_SOURCES[action] : undefined) ?? ANY_OTHER;
  return [...(sources.every(({ kind }) => kinds.includes(kind)) ? [] : [fault]), ...tagFaults(task, sources)];
}
