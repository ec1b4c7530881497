/** Containers, tables and queues of the command line as sources of a job. */
import { EncryptedContainerClient } from '../../blob/encrypted-container-client.js';
import type { BlobMaintenanceOptions } from '../../blob/maintenance/blob-maintenance-options.js';
import { Encrypt } from '../../decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../decorators/encrypted-entity.decorator.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { givenName, refuse } from '../../option-rules.js';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { EncryptedQueueClient } from '../../queue/encrypted-queue-client.js';
import type { MaintenanceSource } from '../../envelope/maintenance/maintained.js';
import { hasLookups } from '../../table/lookup/entry-writes.js';
import { lookupTableOf } from '../../table/lookup/lookup-entry.js';
import { MaintainedLookups } from '../../table/maintenance/maintained-lookups.js';
import { MaintainedRows } from '../../table/maintenance/maintained-rows.js';
import { PROPERTY_NAME } from '../../table/property-name.js';
import type { Account } from '../account.js';
import { numberIn, type Values } from './arguments.js';
import type { CommandPolicy } from '../configured-policy.js';

/**
 * Containers that the service or browsers read, such as `$web`, where nobody could read what is encrypted. What is encrypted in
 * them anyway needs its key, so only `--plaintext` leaves them out.
 */
const isReadInClear = (name: string): boolean => name.startsWith('$') && name !== '$root';

export async function sourcesOf(
  { policy, entities, foreign }: CommandPolicy,
  account: Account,
  { values, stateContainer }: { readonly values: Values; readonly stateContainer: string },
): Promise<readonly MaintenanceSource[]> {
  const options = { ...blobOptionsOf(values), foreign };
  const containers = [...(values.container ?? []), ...(await allContainers(account, values, stateContainer))];
  const blobs = containers.map((given) => {
    const [, name = given, prefix] = /^([^/]+)\/(.+)$/s.exec(given) ?? [];
    const client = new EncryptedContainerClient(account.blobs.getContainerClient(name), policy);
    return client.forMaintenance({ ...options, prefix });
  });
  const tables = [...(values.table ?? []), ...(await allTables(account, values))];
  const named = namedProperties(values.encrypt ?? []);
  assertAmong(tables, [...named.keys()]);
  const classes = { ...entities, ...classesOf(named) };
  const rows = tables
    .filter(
      (name) => !tables.some((other) => isSameTable(lookupTableOf(other), name) && hasLookupTable(classes, other)),
    )
    .flatMap((name) =>
      rowsOf(account, policy, { name, entityClass: entityClassOf(classes, name), variant: named.get(name)?.join() }),
    );
  const messageTtlDays = numberIn(values['message-ttl']);
  const poison = (values.queue ?? []).map((name) => {
    const queue = new EncryptedQueueClient(account.queues.getQueueClient(name), policy);
    return queue.forMaintenance(account.queues.getQueueClient(`${name}-poison`), { messageTtlDays });
  });
  return [...blobs, ...rows, ...poison];
}

const blobOptionsOf = (values: Values): BlobMaintenanceOptions => ({
  pageSize: numberIn(values['page-size']),
  acceptVersions: values['accept-versions'],
  toBlock: values['to-block'],
  pageBlobs: values['page-blobs'],
});

interface TableOfJob {
  readonly name: string;
  readonly entityClass: EntityClass | null;
  /** The properties of `--encrypt`: a job with others must not go on where this one stopped. */
  readonly variant: string | undefined;
}

/** The rows of a table, and the entries of its lookup table if its class has one. */
function rowsOf(
  account: Account,
  policy: CommandPolicy['policy'],
  { name, entityClass, variant }: TableOfJob,
): readonly MaintenanceSource[] {
  const table = account.table(name);
  if (entityClass === null || !hasLookups(entityClass))
    return [new MaintainedRows({ table, policy, entityClass, variant })];
  const lookupTable = account.table(lookupTableOf(name));
  return [
    new MaintainedRows({ table, lookupTable, policy, entityClass, variant }),
    new MaintainedLookups({ table, lookupTable }),
  ];
}

/** `<table>=<property>,<property>`. With a space, as after a comma, a name would be another, and its property would stay in plaintext. */
function namedProperties(given: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, readonly string[]>();
  for (const text of given) {
    const [, table = '', names = ''] = /^([A-Za-z][A-Za-z0-9]*)=(.+)$/s.exec(text) ?? [];
    const properties = names.split(',');
    if (table === '' || !properties.every((name) => PROPERTY_NAME.test(name)))
      throw new InvalidOptionsError(['--encrypt is <table>=<property>,<property>, without spaces']);
    if ([...named.keys()].some((other) => isSameTable(other, table)))
      throw new InvalidOptionsError([`--encrypt names ${givenName(table)} twice: give all of its properties at once`]);
    named.set(table, properties.sort());
  }
  return named;
}

/** Classes for plaintext rows whose other properties stay in plaintext. */
const classesOf = (named: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, EntityClass>> =>
  Object.fromEntries([...named].map(([table, names]) => [table, classOf(names)]));

function assertAmong(tables: readonly string[], named: readonly string[]): void {
  refuse(
    named
      .filter((name) => !tables.includes(name))
      .map((name) => `--encrypt names ${givenName(name)}, which is not a table of this job: give it with --table`),
  );
}

function classOf(names: readonly string[]): EntityClass {
  class NamedProperties {
    readonly [name: string]: unknown;
  }
  for (const name of names) Encrypt()(NamedProperties.prototype, name);
  EncryptedEntity({ clear: '*' })(NamedProperties);
  return NamedProperties;
}

/** The last one, because the classes of `--encrypt` replace those of the module. */
const entityClassOf = (classes: CommandPolicy['entities'], table: string): EntityClass | null =>
  Object.entries(classes).findLast(([name]) => isSameTable(name, table))?.[1] ?? null;

/** The service does not distinguish letter case in the names of tables. */
const isSameTable = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const hasLookupTable = (classes: CommandPolicy['entities'], table: string): boolean => {
  const entityClass = entityClassOf(classes, table);
  return entityClass !== null && hasLookups(entityClass);
};

async function allContainers({ blobs }: Account, values: Values, stateContainer: string): Promise<readonly string[]> {
  const names: string[] = [];
  if (values['all-containers'] !== true) return names;
  const isLeftOut = (name: string): boolean =>
    name === stateContainer || (values.plaintext === true && isReadInClear(name));
  for await (const { name } of blobs.listContainers()) if (!isLeftOut(name)) names.push(name);
  return names;
}

async function allTables({ tables }: Account, values: Values): Promise<readonly string[]> {
  const names: string[] = [];
  if (values['all-tables'] !== true) return names;
  for await (const { name } of tables.listTables()) if (name !== undefined) names.push(name);
  return names;
}
