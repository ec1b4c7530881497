import { Inject } from '@nestjs/common';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import {
  getEncryptedBlobServiceToken,
  getEncryptedContainerToken,
  getEncryptedQueueServiceToken,
  getEncryptedQueueToken,
  getEncryptedStorageHealthIndicatorToken,
  getEncryptedStorageKeysToken,
  getEncryptedTableServiceToken,
  getEncryptedTableToken,
} from './encrypted-storage.tokens.js';

type Injection = PropertyDecorator & ParameterDecorator;

/** Injects the {@link EncryptedBlobService} of an account; without a name, of the default account. */
export const InjectEncryptedBlobService = (name?: string): Injection => Inject(getEncryptedBlobServiceToken(name));

/** Injects the {@link EncryptedQueueService} of an account; without a name, of the default account. */
export const InjectEncryptedQueueService = (name?: string): Injection => Inject(getEncryptedQueueServiceToken(name));

/** Injects the {@link EncryptedTableService} of an account; without a name, of the default account. */
export const InjectEncryptedTableService = (name?: string): Injection => Inject(getEncryptedTableServiceToken(name));

/** Injects the {@link EncryptedStorageKeys} of an account; without a name, of the default account. */
export const InjectEncryptedStorageKeys = (name?: string): Injection => Inject(getEncryptedStorageKeysToken(name));

/** Injects the {@link EncryptedStorageHealthIndicator} of an account; without a name, of the default account. */
export const InjectEncryptedStorageHealthIndicator = (name?: string): Injection =>
  Inject(getEncryptedStorageHealthIndicatorToken(name));

/** Injects the client of a container that `forFeature({ containers })` names. */
export const InjectEncryptedContainer = (container: string, name?: string): Injection =>
  Inject(getEncryptedContainerToken(container, name));

/** Injects the client of a queue that `forFeature({ queues })` names. */
export const InjectEncryptedQueue = (queue: string, name?: string): Injection =>
  Inject(getEncryptedQueueToken(queue, name));

/** Injects the client of a table by its entity class, which `forFeature({ tables })` names. */
export const InjectEncryptedTable = (entity: EntityClass, name?: string): Injection =>
  Inject(getEncryptedTableToken(entity, name));
