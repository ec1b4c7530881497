/** Injection tokens: readable strings, since Nest prints them when it cannot resolve one, equal in both builds of the package. */
import type { InjectionToken } from '@nestjs/common';
import type { EntityClass } from '../../decorators/encryption-metadata.js';

const ENTITY_IDS = Symbol.for('nestjs-azure-encrypted-storage/entity-ids');

interface EntityIds {
  readonly ids: WeakMap<object, number>;
  next: number;
}

const account = (name: string | undefined): string => (name === undefined ? '' : `@${name}`);

const hint = (name: string | undefined): string =>
  `(did you import EncryptedStorageModule.forRoot(${name === undefined ? '' : `{ name: '${name}' }`})?)`;

/** Of the checked options. Its text is what Nest prints when `forRoot` was forgotten. */
export const optionsToken = (name?: string): string => `EncryptedStorageOptions${account(name)} ${hint(name)}`;

/** Of the root's policies; its text as above. */
export const policiesToken = (name?: string): string => `EncryptedStoragePolicies${account(name)} ${hint(name)}`;

export const vaultsToken = (name?: string): string => `EncryptedStorageVaults${account(name)} ${hint(name)}`;

export const clientsToken = (name?: string): string => `EncryptedStorageClients${account(name)}`;

/** Under which tokens the services of one policy are, and their health indicator. */
export interface ServiceTokens {
  readonly blob: InjectionToken;
  readonly queue: InjectionToken;
  readonly table: InjectionToken;
  readonly health: InjectionToken;
}

/** Of the root's services, which no feature ever provides; their text as above. */
export const rootServiceTokens = (name?: string): ServiceTokens => {
  const token = (kind: string): string => `EncryptedStorageRoot:${kind}${account(name)} ${hint(name)}`;
  return { blob: token('blob'), queue: token('queue'), table: token('table'), health: token('health') };
};

/** Of the services that users inject: the root's, or those of the feature that is nearer. */
export const publicServiceTokens = (name?: string): ServiceTokens => ({
  blob: getEncryptedBlobServiceToken(name),
  queue: getEncryptedQueueServiceToken(name),
  table: getEncryptedTableServiceToken(name),
  health: getEncryptedStorageHealthIndicatorToken(name),
});

/** Of the {@link EncryptedBlobService} of an account; the default one without a name. */
export const getEncryptedBlobServiceToken = (name?: string): InjectionToken => `EncryptedBlobService${account(name)}`;

/** Of the {@link EncryptedQueueService} of an account; the default one without a name. */
export const getEncryptedQueueServiceToken = (name?: string): InjectionToken => `EncryptedQueueService${account(name)}`;

/** Of the {@link EncryptedTableService} of an account; the default one without a name. */
export const getEncryptedTableServiceToken = (name?: string): InjectionToken => `EncryptedTableService${account(name)}`;

/** Of the {@link EncryptedStorageKeys} of an account; the default one without a name. */
export const getEncryptedStorageKeysToken = (name?: string): InjectionToken => `EncryptedStorageKeys${account(name)}`;

/** Of the {@link EncryptedStorageHealthIndicator} of an account; the default one without a name. */
export const getEncryptedStorageHealthIndicatorToken = (name?: string): InjectionToken =>
  `EncryptedStorageHealthIndicator${account(name)}`;

/** Of the client bound to one container. */
export const getEncryptedContainerToken = (container: string, name?: string): InjectionToken =>
  `EncryptedContainer:${container}${account(name)}`;

/** Of the client bound to one queue. */
export const getEncryptedQueueToken = (queue: string, name?: string): InjectionToken =>
  `EncryptedQueue:${queue}${account(name)}`;

/** Of the client bound to the table of one entity class; two classes of the same name have different tokens. */
export const getEncryptedTableToken = (entity: EntityClass, name?: string): InjectionToken =>
  `EncryptedTable:${entity.name}#${entityId(entity)}${account(name)}`;

/** Counted over both builds of the package, which share the classes. */
function entityId(entity: EntityClass): number {
  const shared = globalThis as unknown as Record<symbol, EntityIds | undefined>;
  const registry = (shared[ENTITY_IDS] ??= { ids: new WeakMap(), next: 1 });
  const known = registry.ids.get(entity);
  if (known !== undefined) return known;
  registry.ids.set(entity, registry.next);
  return registry.next++;
}
