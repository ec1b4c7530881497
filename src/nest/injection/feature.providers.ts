/** Providers of a feature module: clients bound to its containers, queues and tables, under its policy. */
import type { InjectionToken, Provider, Type } from '@nestjs/common';
import type { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import type { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import type { EncryptedTableService } from '../../table/encrypted-table.service.js';
import { tableNameOf } from '../../table/entity-class.js';
import type { EncryptedStorageFeatures, NamedResource, TableResource } from '../options/encrypted-storage.options.js';
import {
  getEncryptedContainerToken,
  getEncryptedQueueToken,
  getEncryptedTableToken,
} from './encrypted-storage.tokens.js';
import type { EncryptionPolicies } from '../options/encryption-policies.js';
import { tellPolicies } from '../options/policy-log.js';
import type { ServiceTokens } from './service.providers.js';

/** A client, and how to create what it is bound to if that is asked for at start-up. */
export interface ResourceProvider {
  readonly token: InjectionToken;
  /** What it is bound to, for messages. */
  readonly title: string;
  readonly provider: Provider;
  readonly create: ((client: never) => Promise<unknown>) | null;
}

export function resourceProviders(
  features: EncryptedStorageFeatures,
  services: ServiceTokens,
  name: string | undefined,
): readonly ResourceProvider[] {
  return [
    ...(features.containers ?? []).map((given) => containerProvider(named(given), services, name)),
    ...(features.queues ?? []).map((given) => queueProvider(named(given), services, name)),
    ...(features.tables ?? []).map((given) => tableProvider(tableOf(given), services, name)),
  ];
}

/** Creates what is asked for when the module starts. */
export function creationProvider(token: string, resources: readonly ResourceProvider[]): Provider {
  const wanted = resources.filter(({ create }) => create !== null);
  return {
    provide: token,
    inject: wanted.map((resource) => resource.token),
    useFactory: (...clients: never[]) => ({
      onModuleInit: async (): Promise<void> => {
        await Promise.all(wanted.map(async ({ create }, index) => create?.(clients[index] as never)));
      },
    }),
  };
}

/** What a feature module provides, and what it decided of the policy; read when the application starts. */
export interface FeatureRecord {
  readonly name: string | undefined;
  readonly encryption: EncryptedStorageFeatures['encryption'];
  /** Tokens of its clients, and what they are called. */
  readonly resources: ReadonlyMap<InjectionToken, string>;
}

export const FEATURE = 'EncryptedStorageFeature';

export function recordProvider(
  { encryption }: EncryptedStorageFeatures,
  resources: readonly ResourceProvider[],
  name: string | undefined,
): Provider {
  const record: FeatureRecord = {
    name,
    encryption,
    resources: new Map(resources.map(({ token, title }) => [token, title])),
  };
  return { provide: FEATURE, useFactory: () => record };
}

/** Tells what policy of its own a feature has when the module starts: 1.0 and tolerated plaintext are warned of there too. */
export function policyLogProvider(
  token: string,
  resources: EncryptedStorageFeatures,
  policies: InjectionToken,
): Provider {
  const names = [
    ...[...(resources.containers ?? []), ...(resources.queues ?? [])].map((given) => named(given).name),
    ...(resources.tables ?? []).map(tableOf).map(({ entity, table }) => tableNameOf(entity, table)),
  ];
  const where = `feature ${names.length === 0 ? 'without resources' : `of ${names.join(', ')}`}: `;
  return {
    provide: token,
    inject: [policies],
    useFactory: (given: EncryptionPolicies) => ({
      onModuleInit: (): void => tellPolicies(given, where),
    }),
  };
}

function containerProvider(
  { name: container, createIfNotExists }: NamedResource,
  services: ServiceTokens,
  name: string | undefined,
): ResourceProvider {
  const token = getEncryptedContainerToken(container, name);
  return {
    token,
    title: `container "${container}"`,
    create:
      createIfNotExists === true
        ? (client: { createIfNotExists(): Promise<unknown> }) => client.createIfNotExists()
        : null,
    provider: {
      provide: token,
      inject: [services.blob],
      useFactory: (service: EncryptedBlobService) => service.getContainerClient(container),
    },
  };
}

function queueProvider(
  { name: queue, createIfNotExists }: NamedResource,
  services: ServiceTokens,
  name: string | undefined,
): ResourceProvider {
  const token = getEncryptedQueueToken(queue, name);
  return {
    token,
    title: `queue "${queue}"`,
    create:
      createIfNotExists === true
        ? (client: { createIfNotExists(): Promise<unknown> }) => client.createIfNotExists()
        : null,
    provider: {
      provide: token,
      inject: [services.queue],
      useFactory: (service: EncryptedQueueService) => service.getQueueClient(queue),
    },
  };
}

function tableProvider(
  { entity, table, createIfNotExists }: TableResource,
  services: ServiceTokens,
  name: string | undefined,
): ResourceProvider {
  const token = getEncryptedTableToken(entity, name);
  const tableName = tableNameOf(entity, table);
  return {
    token,
    title: `table "${tableName}"`,
    create: createIfNotExists === true ? (client: { createTable(): Promise<void> }) => client.createTable() : null,
    provider: {
      provide: token,
      inject: [services.table],
      useFactory: (service: EncryptedTableService) => service.getTableClient(entity, tableName),
    },
  };
}

const named = (given: string | NamedResource): NamedResource => (typeof given === 'string' ? { name: given } : given);

const tableOf = (given: Type<object> | TableResource): TableResource =>
  typeof given === 'function' ? { entity: given } : given;
