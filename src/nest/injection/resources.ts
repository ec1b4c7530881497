/**
 * The three kinds of resources that a feature provides clients for: their titles and tokens, and how clients and resources are
 * created.
 */
import type { InjectionToken, Type } from '@nestjs/common';
import type { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import type { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import { entityDeclaration } from '../../decorators/entity-declaration.js';
import type { EncryptedTableService } from '../../table/encrypted-table.service.js';
import { tableNameOf } from '../../table/entity-class.js';
import { warnOfSearchable } from '../options/search-log.js';
import type {
  EncryptedStorageFeatures,
  EncryptedStorageFeatureSettings,
  NamedResource,
  ResourceSettings,
  TableResource,
} from '../options/encrypted-storage.options.js';
import {
  getEncryptedContainerToken,
  getEncryptedQueueToken,
  getEncryptedTableToken,
  type ServiceTokens,
} from './encrypted-storage.tokens.js';

/** One of the resources of a feature. */
export interface Resource {
  readonly token: InjectionToken;
  readonly service: keyof ServiceTokens;
  /** Its title before the settings are known. */
  readonly title: string;
  /** Its name in the account. */
  readonly nameIn: (settings: EncryptedStorageFeatureSettings) => string;
  readonly isCreated: (settings: EncryptedStorageFeatureSettings) => boolean;
  readonly client: (service: never, settings: EncryptedStorageFeatureSettings) => unknown;
  readonly create: (client: never) => Promise<unknown>;
}

/** What distinguishes one kind of resource. */
interface ResourceKind<Given extends { readonly createIfNotExists?: boolean }> {
  readonly service: keyof ServiceTokens;
  readonly token: (given: Given, account: string | undefined) => InjectionToken;
  readonly title: (given: Given) => string;
  /** What the module declares, combined with what a factory returns. */
  readonly settled: (given: Given, settings: EncryptedStorageFeatureSettings) => Given;
  readonly nameOf: (settled: Given) => string;
  readonly client: (service: never, settled: Given) => unknown;
  readonly create: (client: never) => Promise<unknown>;
}

/** Containers and queues differ in three things. */
const byName = (
  kind: 'containers' | 'queues',
  {
    service,
    token,
    client,
  }: Pick<ResourceKind<NamedResource>, 'service' | 'client'> & {
    readonly token: (name: string, account: string | undefined) => InjectionToken;
  },
): ResourceKind<NamedResource> => ({
  service,
  token: ({ name }, account) => token(name, account),
  title: ({ name }) => `${kind.slice(0, -1)} "${name}"`,
  settled: (given, settings) => settledName(given, settings[kind]?.[given.name]),
  nameOf: ({ name }) => name,
  client,
  create: (created: { createIfNotExists(): Promise<unknown> }) => created.createIfNotExists(),
});

const containers = byName('containers', {
  service: 'blob',
  token: getEncryptedContainerToken,
  client: (service: EncryptedBlobService, { name }) => service.getContainerClient(name),
});

const queues = byName('queues', {
  service: 'queue',
  token: getEncryptedQueueToken,
  client: (service: EncryptedQueueService, { name }) => service.getQueueClient(name),
});

const tables: ResourceKind<TableResource> = {
  service: 'table',
  token: ({ entity }, account) => getEncryptedTableToken(entity, account),
  title: ({ entity, table }) => `table "${table ?? entityDeclaration(entity)?.table ?? entity.name}"`,
  settled: (given, settings) => ({ ...given, ...settings.tables?.find(({ entity }) => entity === given.entity) }),
  nameOf: ({ entity, table }) => tableNameOf(entity, table),
  client: (service: EncryptedTableService, { entity, table }) => {
    warnOfSearchable(entity);
    return service.getTableClient(entity, table);
  },
  create: (client: { createTable(): Promise<void> }) => client.createTable(),
};

export const resourcesOf = (features: EncryptedStorageFeatures, account: string | undefined): readonly Resource[] => [
  ...(features.containers ?? []).map((given) => resourceOf(containers, named(given), account)),
  ...(features.queues ?? []).map((given) => resourceOf(queues, named(given), account)),
  ...(features.tables ?? []).map((given) => resourceOf(tables, tableResource(given), account)),
];

function resourceOf<Given extends { readonly createIfNotExists?: boolean }>(
  kind: ResourceKind<Given>,
  given: Given,
  account: string | undefined,
): Resource {
  return {
    token: kind.token(given, account),
    service: kind.service,
    title: kind.title(given),
    nameIn: (settings) => kind.nameOf(kind.settled(given, settings)),
    isCreated: (settings) => kind.settled(given, settings).createIfNotExists === true,
    client: (service, settings) => kind.client(service, kind.settled(given, settings)),
    create: kind.create,
  };
}

/** Throws for a class that is not declared as an entity, or that has no table if no factory can name one. */
export function assertTables({ tables = [] }: EncryptedStorageFeatures): void {
  for (const { entity, table } of tables.map(tableResource)) tableNameOf(entity, table);
}

export const named = (given: string | NamedResource): NamedResource =>
  typeof given === 'string' ? { name: given } : given;

const tableResource = (given: Type<object> | TableResource): TableResource =>
  typeof given === 'function' ? { entity: given } : given;

function settledName(given: NamedResource, setting: string | ResourceSettings = {}): NamedResource {
  const { name = given.name, createIfNotExists = given.createIfNotExists } =
    typeof setting === 'string' ? { name: setting } : setting;
  return { name, createIfNotExists };
}
