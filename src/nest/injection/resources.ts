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
  /** What the module declares, combined with what a factory returns. */
  readonly settled: (settings: EncryptedStorageFeatureSettings) => SettledResource;
  readonly create: (client: never) => Promise<unknown>;
}

interface SettledResource {
  readonly createIfNotExists?: boolean | undefined;
  /** Its name in the account. */
  readonly name: () => string;
  readonly client: (service: never) => unknown;
}

/** Containers and queues differ in three things. */
const KINDS = {
  containers: {
    service: 'blob',
    token: getEncryptedContainerToken,
    client: (service: EncryptedBlobService, name: string) => service.getContainerClient(name),
  },
  queues: {
    service: 'queue',
    token: getEncryptedQueueToken,
    client: (service: EncryptedQueueService, name: string) => service.getQueueClient(name),
  },
} as const;

function containerOrQueue(kind: keyof typeof KINDS, given: NamedResource, account: string | undefined): Resource {
  const { service, token, client } = KINDS[kind];
  return {
    service,
    token: token(given.name, account),
    title: `${kind.slice(0, -1)} "${given.name}"`,
    settled: (settings) => {
      const { name, createIfNotExists } = settledName(given, settings[kind]?.[given.name]);
      return { createIfNotExists, name: () => name, client: (made) => client(made, name) };
    },
    create: (created: { createIfNotExists(): Promise<unknown> }) => created.createIfNotExists(),
  };
}

function tableOf({ entity, ...given }: TableResource, account: string | undefined): Resource {
  return {
    service: 'table',
    token: getEncryptedTableToken(entity, account),
    title: `table "${given.table ?? entityDeclaration(entity)?.table ?? entity.name}"`,
    settled: (settings) => {
      const { table, createIfNotExists } = { ...given, ...settings.tables?.find((one) => one.entity === entity) };
      return {
        createIfNotExists,
        name: () => tableNameOf(entity, table),
        client: (service: EncryptedTableService) => {
          warnOfSearchable(entity);
          return service.getTableClient(entity, table);
        },
      };
    },
    create: (client: { createTable(): Promise<void> }) => client.createTable(),
  };
}

export const resourcesOf = (features: EncryptedStorageFeatures, account: string | undefined): readonly Resource[] => [
  ...(features.containers ?? []).map((given) => containerOrQueue('containers', named(given), account)),
  ...(features.queues ?? []).map((given) => containerOrQueue('queues', named(given), account)),
  ...(features.tables ?? []).map((given) => tableOf(tableResource(given), account)),
];

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
