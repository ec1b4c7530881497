/**
 * The entry point `nestjs-azure-encrypted-storage/core`: everything without Nest, for functions, scripts and tools. It loads no
 * SDK of Azure Storage; the clients that you pass bring theirs. `Protocol` and the layers below the clients are deliberately not
 * exported: the list of versions is not an extension point.
 */

// entities
export { Encrypt } from './decorators/encrypt.decorator.js';
export { EncryptedEntity, type EncryptedEntityOptions } from './decorators/encrypted-entity.decorator.js';
export { Sign } from './decorators/sign.decorator.js';
export { PartitionKey, RowKey } from './decorators/key.decorators.js';
export { Filterable, type FilterableName } from './decorators/filterable.js';
export { Searchable, type SearchableName, type SearchableOptions } from './decorators/searchable.js';
export {
  type EncryptedProperty,
  type EncryptedValueType,
  type EncryptOptions,
  type EntityClass,
  getEncryptedProperties,
} from './decorators/encryption-metadata.js';

// services and clients
export { EncryptedBlobService } from './blob/encrypted-blob.service.js';
export { EncryptedContainerClient } from './blob/encrypted-container-client.js';
export { EncryptedBlockBlobClient } from './blob/encrypted-block-blob-client.js';
export { EncryptedPageBlobClient } from './blob/encrypted-page-blob-client.js';
export type { ManagedBlob } from './blob/managed-blob.js';
export type { BlobCopy, CopyOptions } from './blob/copy-blob.js';
export type { EncryptedBlobReader } from './blob/encrypted-blob-reader.js';
export type { BlobEnvironment, EncryptedOperationOptions, EncryptedReadOptions } from './blob/blob-context.js';
export { CipherThreads, type ThreadedContent } from './crypto/cipher-threads.js';
export type { ToBufferOptions } from './blob/download-to-buffer.js';
export type { EncryptedDownloadResponse } from './blob/described-download.js';
export type { EncryptedUploadResponse } from './blob/sealed-upload.js';
export type { ExpectedTagOptions, IntegrityTagged } from './envelope/integrity/integrity-tag.js';
export type { EncryptedBlobProperties } from './blob/metadata.js';
export type { RewrapKeyOptions } from './blob/rewrap-key.js';
export type { RewrapResult } from './envelope/rewrap.js';
export type { PageUploadOptions } from './blob/pages/upload-pages.js';
export { EncryptedQueueService } from './queue/encrypted-queue.service.js';
export type { Decrypted, EncryptedPeekResponse, EncryptedReceiveResponse } from './queue/decrypted-message.js';
export { EncryptedQueueClient } from './queue/encrypted-queue-client.js';
export { ManagedQueue } from './queue/managed-queue.js';
export type { SendManyOptions } from './queue/send-many.js';
export type { EncryptedQueueOptions, EncryptedReceiveOptions, EncryptedSendOptions } from './queue/queue-options.js';
export type { QueueDecryptionFailedHandler, QueueDecryptionFailure } from './queue/decryption-failure.js';
export type { MessageEncoding } from './queue/message-encoding.js';
export { EncryptedTableService } from './table/encrypted-table.service.js';
export { EncryptedTableClient } from './table/encrypted-table-client.js';
export type { ChangedEntity, StorableEntity } from './table/entity-types.js';
export type {
  EncryptedCreateResponse,
  EncryptedTransactionResponse,
  EncryptedUpdateResponse,
  EncryptedUpsertResponse,
} from './table/write-responses.js';
export { integrityTagOf, type TaggedRows } from './table/entity-integrity-tag.js';
export type { Attempted } from './table/merge/attempts.js';
export type { MergeOptions } from './table/merge/merge-entity.js';
export type {
  EncryptedListOptions,
  EncryptedMergeOptions,
  EncryptedReadRowOptions,
  EncryptedTableDefaults,
  EncryptedTableOptions,
} from './table/table-options.js';
export type { RewrapEntityKeyOptions } from './table/rewrap-entity-key.js';
export type { EncryptedQueryOptions } from './table/entity-query.js';
export type { FilterComparison } from './table/filter/condition.js';
export type { Filter } from './table/filter/filter.js';
export type {
  FilterArguments,
  FilterKind,
  FilterName,
  FilterOperator,
  FilterValue,
  SearchArguments,
} from './table/filter/filter-types.js';
export type { SearchTagFault, SearchTagMismatch, SearchTagMismatchListener } from './table/search/tag-mismatch.js';
export type { FilterLiteral } from './table/filter/odata-literal.js';
export type { TableDecryptionFailedHandler, TableDecryptionFailure } from './table/page.js';
export type { EncryptedActionOptions, EncryptedTransactionAction } from './table/transaction.js';

export type { TracedJson } from './queue/json-text.js';
export type { TraceHeaders } from './tracing/trace-context.js';

// consuming a queue
export {
  EncryptedQueueConsumer,
  type EncryptedQueueConsumerSource,
} from './queue/consumer/encrypted-queue-consumer.js';
export { EncryptedQueueMessage, type EncryptedQueueMessageHandler } from './queue/consumer/encrypted-queue-message.js';
export type { MessageValidator, SchemaResult, StandardSchema } from './queue/consumer/message-validator.js';
export type { EventMessage, QueueConsumerEvent } from './queue/consumer/consumer-event.js';
export type { EncryptedQueueConsumerOptions } from './queue/consumer/consumer-options.js';
export { parsePoisonMessage, type PoisonFacts, type PoisonMessage } from './queue/consumer/poison-message.js';
export type { PoisonReason } from './queue/consumer/poison-reason.js';
export { type ReplayOptions, replayPoisonMessages } from './queue/consumer/replay.js';

// maintenance
export type { Clock } from './clock.js';
export { planMaintenance, runMaintenance, runMaintenanceShard } from './maintenance/run-maintenance.js';
export {
  isMaintenanceClean,
  type MaintenanceJob,
  type MaintenanceOptions,
  type MaintenanceReport,
} from './maintenance/job.js';
export type {
  Deletion,
  MaintenanceEvent,
  MaintenanceProgress,
  ObjectFailure,
  ShardProgress,
} from './maintenance/events.js';
export type { Census, CensusEntry, KeyVerdict, TagCounts } from './maintenance/census.js';
export { maintenanceFailures } from './maintenance/failure-lines.js';
export { type MaintenanceStatus, maintenanceStatus } from './maintenance/status.js';
export { formatMaintenanceReport, type ReportFormat } from './maintenance/report/format-report.js';
export type { KeyIds } from './envelope/maintenance/key-ids.js';
export type {
  MaintenanceTask,
  ReencryptChoice,
  ReencryptVerification,
  RewrapVerification,
} from './envelope/maintenance/task.js';
export type { RewrapKeysOptions, RewrapKeysResult } from './envelope/maintenance/rewrap-all.js';
export type { FailedObject, ObjectOutcome, OutcomeCounts, TagsState } from './envelope/maintenance/outcome.js';
export type { MaintenanceSource, ObjectPlace } from './envelope/maintenance/maintained.js';
export { type BlobInventoryOptions, openBlobInventory } from './blob/inventory/open-inventory.js';
export type { ForeignBlob, ForeignContent, ForeignSource } from './blob/maintenance/foreign-source.js';
export type { BlobMaintenanceOptions } from './blob/maintenance/blob-maintenance-options.js';
export type { QueueMaintenanceOptions } from './queue/maintenance/queue-maintenance-options.js';

// keys
export { AesKeyEncryptionKey } from './keys/aes-key-encryption-key.js';
export {
  RsaKeyEncryptionKey,
  type RsaKeyEncryptionKeyOptions,
  type RsaKeyWrapAlgorithm,
} from './keys/rsa-key-encryption-key.js';
export { HmacSearchKey, type SearchedProperty } from './keys/hmac-search-key.js';
export type { SearchKeys, SearchKeysSelector, SearchTarget } from './keys/search-keys.js';
export { KeyRing } from './keys/key-ring.js';
export type { CryptographyClientLike } from './keys/vault/cryptography-client.js';
export { KeyVaultKeys, type KeyVaultEnvironment, type KeyVaultState } from './keys/vault/key-vault-keys.js';
export type { KeyVaultOptions } from './keys/vault/key-vault-options.js';
export {
  type KeyClientLike,
  type KeyVaultClientOptions,
  type KeyVaultSdk,
  loadKeyVaultSdk,
  type VaultKey,
  type VaultKeyProperties,
} from './keys/vault/key-vault-sdk.js';
export type { VersionClock } from './keys/vault/current-version.js';
export type { KeyEvent, KeyEventListener } from './keys/key-event.js';
export { KeyVaultKeyEncryptionKey, type KeyVaultKeyOptions } from './keys/vault/key-vault-key.js';
export { keyVaultKeyResolver, type KeyVaultKeyResolverOptions } from './keys/vault/key-vault-key-resolver.js';
export { type KeyVaultKeyId, parseKeyVaultKeyId } from './keys/vault/key-id.js';
export type {
  EncryptionTarget,
  KeyEncryptionKey,
  KeyEncryptionKeySelector,
  KeyOperationOptions,
  KeyPredicate,
  KeyResolver,
  KeyWrapAlgorithm,
  WrappedKey,
} from './keys/key-encryption-key.js';

// policy, for using the services without Nest
export type { EncryptionPolicy } from './envelope/encryption-policy.js';
export type {
  ContentFacts,
  ReadFailure,
  ReadFailureListener,
  UnverifiedReadListener,
} from './envelope/read-failure.js';
export type { UnwrapCacheStatistics } from './envelope/unwrap-cache.js';
export { type KeyCalls, PolicyKeys } from './envelope/policy-keys.js';
export type { KeyChoiceOptions } from './envelope/key-choice.js';
export type { IntegrityOptions } from './envelope/integrity/integrity-options.js';
export type { KeyCallOptions, UnwrapCacheOptions } from './envelope/key-call-options.js';
export type { ProtocolVersion } from './protocol/registry.js';

// errors
export { EncryptedStorageError } from './errors/base.js';
export {
  CipherThreadError,
  DecryptionError,
  InvalidEncryptionDataError,
  PlaintextNotAllowedError,
  RegionOutOfOrderError,
  UnsupportedProtocolError,
  UploadUnfinishedError,
} from './errors/content.js';
export {
  ContextMismatchError,
  IntegrityMissingError,
  StaleContentError,
  LockedOutError,
  ProtocolNotAllowedError,
} from './errors/integrity.js';
export {
  EncryptedPropertyInFilterError,
  DuplicateValueError,
  InvalidEntityError,
  InvalidOptionsError,
  PayloadTooLargeError,
  SourceConsumedError,
  SourceLengthError,
  UndeclaredPropertyError,
  UnprocessableMessageError,
  UnsupportedOperationError,
  UnsupportedValueError,
} from './errors/input.js';
export {
  KeyAlgorithmError,
  KeyMismatchError,
  KeyMissingError,
  KeyNotAllowedError,
  KeyNotFoundError,
  KeyUnavailableError,
  KeyAccessDeniedError,
  KeyDeletedError,
  KeyDisabledError,
  KeyUnwrapError,
  KeyWrapError,
} from './errors/keys.js';
export { DownloadInterruptedError, InvalidServiceResponseError, RollbackFailedError } from './errors/transfer.js';
export {
  type AnyEncryptedStorageError,
  type EncryptedStorageErrorCode,
  isEncryptedStorageError,
} from './errors/any-error.js';
