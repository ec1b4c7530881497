/** The SDK's methods that change a queue itself, not the content of its messages. */
import { inspect, type InspectOptions } from 'node:util';
import type {
  QueueClearMessagesOptions,
  QueueClearMessagesResponse,
  QueueClient,
  QueueCreateIfNotExistsResponse,
  QueueCreateOptions,
  QueueCreateResponse,
  QueueDeleteIfExistsResponse,
  QueueDeleteOptions,
  QueueDeleteResponse,
  QueueExistsOptions,
  QueueGetAccessPolicyOptions,
  QueueGetAccessPolicyResponse,
  QueueGetPropertiesOptions,
  QueueGetPropertiesResponse,
  QueueSetAccessPolicyOptions,
  QueueSetAccessPolicyResponse,
  QueueSetMetadataOptions,
  QueueSetMetadataResponse,
  SignedIdentifier,
} from '@azure/storage-queue';
import { shown } from '../encoding/shown.js';

/** A queue that can be created, described and deleted. */
export abstract class ManagedQueue {
  constructor(
    /** The plain SDK client of the same queue: its messages are NOT encrypted. */
    readonly unencryptedClient: QueueClient,
  ) {}

  /** Name of the queue. */
  get name(): string {
    return this.unencryptedClient.name;
  }

  /** The name alone, for loggers that write JSON: the client of the SDK would show its account key. */
  toJSON(): { readonly name: string } {
    return { name: this.name };
  }

  /** The same for `console.log` and every logger that uses `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown(this, this.toJSON(), options);
  }

  /** Creates the queue. Fails with 409 if it exists. */
  create(options?: QueueCreateOptions): Promise<QueueCreateResponse> {
    return this.unencryptedClient.create(options);
  }

  /** Creates the queue if it does not exist. */
  createIfNotExists(options?: QueueCreateOptions): Promise<QueueCreateIfNotExistsResponse> {
    return this.unencryptedClient.createIfNotExists(options);
  }

  /** Deletes the queue and all of its messages. */
  delete(options?: QueueDeleteOptions): Promise<QueueDeleteResponse> {
    return this.unencryptedClient.delete(options);
  }

  /** Deletes the queue and all of its messages, if it exists. */
  deleteIfExists(options?: QueueDeleteOptions): Promise<QueueDeleteIfExistsResponse> {
    return this.unencryptedClient.deleteIfExists(options);
  }

  /** Whether the queue exists. */
  exists(options?: QueueExistsOptions): Promise<boolean> {
    return this.unencryptedClient.exists(options);
  }

  /** Returns the metadata and the approximate number of messages. */
  getProperties(options?: QueueGetPropertiesOptions): Promise<QueueGetPropertiesResponse> {
    return this.unencryptedClient.getProperties(options);
  }

  /** Replaces the metadata of the queue, which is not encrypted. Messages have no metadata. */
  setMetadata(metadata?: Record<string, string>, options?: QueueSetMetadataOptions): Promise<QueueSetMetadataResponse> {
    return this.unencryptedClient.setMetadata(metadata, options);
  }

  /** Returns the stored access policies of the queue. */
  getAccessPolicy(options?: QueueGetAccessPolicyOptions): Promise<QueueGetAccessPolicyResponse> {
    return this.unencryptedClient.getAccessPolicy(options);
  }

  /** Replaces the stored access policies of the queue. */
  setAccessPolicy(
    queueAcl?: SignedIdentifier[],
    options?: QueueSetAccessPolicyOptions,
  ): Promise<QueueSetAccessPolicyResponse> {
    return this.unencryptedClient.setAccessPolicy(queueAcl, options);
  }

  /** Deletes all messages of the queue. */
  clearMessages(options?: QueueClearMessagesOptions): Promise<QueueClearMessagesResponse> {
    return this.unencryptedClient.clearMessages(options);
  }
}
