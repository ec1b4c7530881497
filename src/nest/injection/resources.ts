/** The three kinds of things that a feature gives clients of: how each is called, injected, made and created. */
import type { InjectionToken, Type } from '@nestjs/common';
import type { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import type { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import { entityDeclaration } from '../../decorators/entity-declaration.js';
import type { EncryptedTableService } from '../../table/encrypted-table.service.js';
import { tableNameOf } from '../../table/entity-class.js';
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
  /** What it is called before its settings are known. */
  readonly title: string;
  readonly isCreated: (settings: EncryptedStorageFeatureSettings) => boolean;
  readonly client: (service: never, settings: EncryptedStorageFeatureSettings) => unknown;
  readonly create: (client: never) => Promise<unknown>;
}

export function resourcesOf(features: EncryptedStorageFeatures, account: string | undefined): readonly Resource[] {
  return [
    ...(features.containers ?? []).map((given) => containerOf(named(given), account)),
    ...(features.queues ?? []).map((given) => queueOf(named(given), account)),
    ...(features.tables ?? []).map((given) => tableOf(tableResource(given), account)),
  ];
}

function containerOf(given: NamedResource, account: string | undefined): Resource {
  const settled = (settings: EncryptedStorageFeatureSettings) => settle(given, settings.containers?.[given.name]);
  return {
    token: getEncryptedContainerToken(given.name, account),
    service: 'blob',
    title: `container "${given.name}"`,
    isCreated: (settings) => settled(settings).createIfNotExists === true,
    client: (service: EncryptedBlobService, settings) => service.getContainerClient(settled(settings).name),
    create: (client: { createIfNotExists(): Promise<unknown> }) => client.createIfNotExists(),
  };
}

function queueOf(given: NamedResource, account: string | undefined): Resource {
  const settled = (settings: EncryptedStorageFeatureSettings) => settle(given, settings.queues?.[given.name]);
  return {
    token: getEncryptedQueueToken(given.name, account),
    service: 'queue',
    title: `queue "${given.name}"`,
    isCreated: (settings) => settled(settings).createIfNotExists === true,
    client: (service: EncryptedQueueService, settings) => service.getQueueClient(settled(settings).name),
    create: (client: { createIfNotExists(): Promise<unknown> }) => client.createIfNotExists(),
  };
}

function tableOf(given: TableResource, account: string | undefined): Resource {
  const settled = ({ tables = [] }: EncryptedStorageFeatureSettings): TableResource => ({
    ...given,
    ...tables.find(({ entity }) => entity === given.entity),
  });
  return {
    token: getEncryptedTableToken(given.entity, account),
    service: 'table',
    title: `table "${given.table ?? entityDeclaration(given.entity)?.table ?? given.entity.name}"`,
    isCreated: (settings) => settled(settings).createIfNotExists === true,
    client: (service: EncryptedTableService, settings) => service.getTableClient(given.entity, settled(settings).table),
    create: (client: { createTable(): Promise<void> }) => client.createTable(),
  };
}

/** Throws for a class that is not declared as an entity, or has no table, where no factory can give one. */
export function assertTables({ tables = [] }: EncryptedStorageFeatures): void {
  for (const { entity, table } of tables.map(tableResource)) tableNameOf(entity, table);
}

export const named = (given: string | NamedResource): NamedResource =>
  typeof given === 'string' ? { name: given } : given;

const tableResource = (given: Type<object> | TableResource): TableResource =>
  typeof given === 'function' ? { entity: given } : given;

function settle(given: NamedResource, setting: string | ResourceSettings = {}): NamedResource {
  const { name = given.name, createIfNotExists = given.createIfNotExists } =
    typeof setting === 'string' ? { name: setting } : setting;
  return { name, ...(createIfNotExists === undefined ? {} : { createIfNotExists }) };
}
