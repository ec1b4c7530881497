/** Checks the names and settings of a feature: when it is declared, and again when its factory has returned. */
import { flag, group, groupFaults, isObject, type OptionRule, refuse, type RulesOf } from '../../option-rules.js';
import type {
  EncryptedStorageFeatures,
  EncryptedStorageFeatureSettings,
  NamedResource,
  TableResource,
} from './encrypted-storage.options.js';
import { partOfPolicy } from './encryption-rules.js';
import { containerName, queueName, tableName } from './resource-names.js';

const NO_NAME = 'has no name: is the variable that it comes from set?';
const NO_CLASS =
  'is undefined where a class is expected: its file and this one probably import each other; ' +
  'move the class into a separate file';

const listOf = (item: OptionRule): OptionRule => ({
  members: item.members,
  faults: (value, path) =>
    Array.isArray(value)
      ? value.flatMap((one: unknown, index) => item.faults(one, `${path}[${index}]`))
      : [`"${path}" must be a list`],
});

/** A name, or an object with a name. */
function resource(name: OptionRule): OptionRule {
  const rules: RulesOf<NamedResource> = { name, createIfNotExists: flag };
  const whole = group(rules, (given, path) => (given['name'] === undefined ? [`"${path}" ${NO_NAME}`] : []));
  return {
    members: rules,
    faults: (value, path) => {
      if (value === undefined || value === '') return [`"${path}" ${NO_NAME}`];
      if (typeof value === 'string') return name.faults(value, path);
      return isObject(value) ? whole.faults(value, path) : [`"${path}" must be a name, or an object with "name"`];
    },
  };
}

const entity: OptionRule = {
  faults: (value, path) => (typeof value === 'function' ? [] : [`"${path}" must be the class of the entities`]),
};
const TABLE: RulesOf<TableResource> = { entity, table: tableName, createIfNotExists: flag };

const wholeTable = group(TABLE, (given, path) =>
  given['entity'] === undefined ? [`"${path}.entity" ${NO_CLASS}`] : [],
);

/** A class, or an object with a class. */
const table: OptionRule = {
  members: TABLE,
  faults: (value, path) => {
    if (value === undefined) return [`"${path}" ${NO_CLASS}`];
    if (typeof value === 'function') return [];
    return isObject(value)
      ? wholeTable.faults(value, path)
      : [`"${path}" must be an entity class, or an object with "entity"`];
  },
};

/** A list of classes. One that is listed twice would have one client, of whichever table Nest takes. */
const tables: OptionRule = {
  members: TABLE,
  faults: (value, path) => [...listOf(table).faults(value, path), ...repeatedFaults(value, path)],
};

function repeatedFaults(value: unknown, path: string): readonly string[] {
  const classes = Array.isArray(value) ? value.map((one: unknown) => (isObject(one) ? one['entity'] : one)) : [];
  const repeated = classes.filter((one, at) => typeof one === 'function' && classes.indexOf(one) !== at);
  return repeated.map(
    (one) => `"${path}" has class ${(one as { readonly name: string }).name} twice: keep one of its tables`,
  );
}

/** Every option of `forFeature`. */
export const FEATURE: RulesOf<EncryptedStorageFeatures> = {
  encryption: partOfPolicy,
  containers: listOf(resource(containerName)),
  queues: listOf(resource(queueName)),
  tables,
};

/** Throws {@link InvalidOptionsError} with every fault. */
export function checkFeatures(features: EncryptedStorageFeatures, method = 'forFeature'): void {
  const given: unknown = features;
  refuse(
    isObject(given)
      ? groupFaults(FEATURE, given)
      : [`${method} was called without options: give entity classes, or "containers", "queues" and "tables"`],
  );
}

/** The same for what the factory of a feature returns. `known` are the names that clients are injected by. */
export function checkSettings(
  settings: EncryptedStorageFeatureSettings,
  known: { readonly containers: readonly string[]; readonly queues: readonly string[] },
): void {
  const rules: RulesOf<EncryptedStorageFeatureSettings> = {
    encryption: partOfPolicy,
    containers: group(settingsOf(known.containers, containerName)),
    queues: group(settingsOf(known.queues, queueName)),
    tables,
  };
  const given: unknown = settings;
  refuse(isObject(given) ? groupFaults(rules, given) : ['the factory of forFeatureAsync returned nothing: return {}']);
}

function settingsOf(names: readonly string[], name: OptionRule): RulesOf<Record<string, unknown>> {
  const whole = group<NamedResource>({ name, createIfNotExists: flag });
  const rule: OptionRule = {
    faults: (value, path) => (typeof value === 'string' ? name : whole).faults(value, path),
  };
  return Object.fromEntries(names.map((known) => [known, rule]));
}
