/**
 * Injection tokens. They are readable strings, because Nest prints a token that it cannot resolve, and they are equal in both
 * builds. A text that cannot be a name is not part of them: nothing is provided under it, and it may be a connection string.
 */
import type { InjectionToken } from '@nestjs/common';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { shownAccount, shownName } from '../../option-rules.js';

const ENTITY_IDS = Symbol.for('nestjs-azure-encrypted-storage/entity-ids');

interface EntityIds {
  readonly ids: WeakMap<object, number>;
  next: number;
}

const account = (name: string | undefined): string => (name === undefined ? '' : `@${shownAccount(name)}`);

const hint = (name: string | undefined): string =>
  `(did you import EncryptedStorageModule.forRoot(${name === undefined ? '' : `{ name: '${shownAccount(name)}' }`})?)`;

/** Token of the checked options. Nest prints its text if `forRoot` is missing. */
export const optionsToken = (name?: string): string => `EncryptedStorageOptions${account(name)} ${hint(name)}`;

/** Token of the root's policies. Its text works as above. */
export const policiesToken = (name?: string): string => `EncryptedStoragePolicies${account(name)} ${hint(name)}`;

export const vaultsToken = (name?: string): string => `EncryptedStorageVaults${account(name)} ${hint(name)}`;

export const clientsToken = (name?: string): string => `EncryptedStorageClients${account(name)}`;

/** The tokens of the services of one policy, and of their health indicator. */
export interface ServiceTokens {
  readonly blob: InjectionToken;
  readonly queue: InjectionToken;
  readonly table: InjectionToken;
  readonly health: InjectionToken;
}

/** Tokens of the root's services, which no feature provides. Their text works as above. */
export const rootServiceTokens = (name?: string): ServiceTokens => {
  const token = (kind: string): string => `EncryptedStorageRoot:${kind}${account(name)} ${hint(name)}`;
  return { blob: token('blob'), queue: token('queue'), table: token('table'), health: token('health') };
};

/** Tokens of the services that users inject: those of the root, or of a feature that the module imports. */
export const publicServiceTokens = (name?: string): ServiceTokens => ({
  blob: getEncryptedBlobServiceToken(name),
  queue: getEncryptedQueueServiceToken(name),
  table: getEncryptedTableServiceToken(name),
  health: getEncryptedStorageHealthIndicatorToken(name),
});

/** Token of the {@link EncryptedBlobService} of an account; without a name, of the default account. */
export const getEncryptedBlobServiceToken = (name?: string): InjectionToken => `EncryptedBlobService${account(name)}`;

/** Token of the {@link EncryptedQueueService} of an account; without a name, of the default account. */
export const getEncryptedQueueServiceToken = (name?: string): InjectionToken => `EncryptedQueueService${account(name)}`;

/** Token of the {@link EncryptedTableService} of an account; without a name, of the default account. */
export const getEncryptedTableServiceToken = (name?: string): InjectionToken => `EncryptedTableService${account(name)}`;

/** Token of the {@link EncryptedStorageKeys} of an account; without a name, of the default account. */
export const getEncryptedStorageKeysToken = (name?: string): InjectionToken => `EncryptedStorageKeys${account(name)}`;

/** Token of the {@link EncryptedStorageHealthIndicator} of an account; without a name, of the default account. */
export const getEncryptedStorageHealthIndicatorToken = (name?: string): InjectionToken =>
  `EncryptedStorageHealthIndicator${account(name)}`;

/** What Nest prints for a client that no imported module provides. */
const featureHint = (resource: string, name: string | undefined): string =>
  `(did this module import EncryptedStorageModule.forFeature(${resource}${name === undefined ? '' : `, '${shownAccount(name)}'`})?)`;

/** Token of the client of one container. */
export const getEncryptedContainerToken = (container: string, name?: string): InjectionToken =>
  `EncryptedContainer:${shownName(container)}${account(name)} ${featureHint(`{ containers: ['${shownName(container)}'] }`, name)}`;

/** Token of the client of one queue. */
export const getEncryptedQueueToken = (queue: string, name?: string): InjectionToken =>
  `EncryptedQueue:${shownName(queue)}${account(name)} ${featureHint(`{ queues: ['${shownName(queue)}'] }`, name)}`;

/** Token of the client of an entity class's table. Two classes with the same name have different tokens. */
export const getEncryptedTableToken = (entity: EntityClass, name?: string): InjectionToken =>
  `EncryptedTable:${entity.name}#${entityId(entity)}${account(name)} ${featureHint(`[${entity.name}]`, name)}`;

/** Counted across both builds of the package, which share the classes. */
function entityId(entity: EntityClass): number {
  const shared = globalThis as unknown as Record<symbol, EntityIds | undefined>;
  const registry = (shared[ENTITY_IDS] ??= { ids: new WeakMap(), next: 1 });
  const known = registry.ids.get(entity);
  if (known !== undefined) return known;
  registry.ids.set(entity, registry.next);
  return registry.next++;
}
