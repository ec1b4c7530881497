import type { OperationOptions } from '@azure/core-client';
import type { PagedAsyncIterableIterator } from '@azure/core-paging';
import type {
  GetTableEntityOptions,
  ListTableEntitiesOptions,
  TableClient,
  TableEntityResult,
  TableEntityResultPage,
  UpdateMode,
  UpdateTableEntityOptions,
} from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { SearchableName } from '../decorators/searchable.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { traced } from '../tracing/span.js';
import { assertEntityClass, assertLookupTable } from './entity-class.js';
import type { ChangedEntity, StorableEntity } from './entity-types.js';
import { entityModel } from './entity-model.js';
import { Filter } from './filter/filter.js';
import type { FilterArguments, FilterKind, FilterName, SearchArguments } from './filter/filter-types.js';
import { givenEntity } from './given-entity.js';
import { listedEntities } from './listed-entities.js';
import { listing } from './listing.js';
import { ManagedTable } from './managed-table.js';
import { mergeEntity, mergeOrInsert } from './merge/merge-entity.js';
import { readEntity } from './read-entity.js';
import { insertEntity, refuseVersion, replaceEntity, replaceOrInsert } from './row-writes.js';
import { newTag } from './search/new-tag.js';
import type {
  EncryptedListOptions,
  EncryptedMergeOptions,
  EncryptedReadRowOptions,
  EncryptedTableDefaults,
  EncryptedTableOptions,
} from './table-options.js';
import { type EncryptedTransactionAction, submitTransaction } from './transaction.js';
import { assertMode } from './update-mode.js';
import type {
  EncryptedCreateResponse,
  EncryptedTransactionResponse,
  EncryptedUpdateResponse,
  EncryptedUpsertResponse,
} from './write-responses.js';

/**
 * A table of entities of one class. `@Encrypt()` properties are stored encrypted, and each row has its own content key. Keys,
 * clear properties and names are not encrypted, but reads detect changes to `@Sign()` properties. `searchable` finds rows by
 * encrypted ones.
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
 * class Patient {
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() name!: string;
 *   ward!: string;
 * }
 *
 * export async function admit(patients: EncryptedTableClient<Patient>): Promise<string> {
 *   await patients.createEntity({ partitionKey: 'north', rowKey: '17', name: 'A. Example', ward: '3' });
 *   const patient = await patients.getEntity('north', '17');
 *   return patient.name;
 * }
 * ```
 */
export class EncryptedTableClient<T extends object> extends ManagedTable {
  /** Throws `INVALID_ENTITY` for a class without `@EncryptedEntity()`, or without sealed or signed properties if encryption is required. */
  constructor(
    unencryptedClient: TableClient,
    policy: EncryptionPolicy,
    protected override readonly entityClass: EntityClass<T>,
    defaults: EncryptedTableDefaults = {},
    /** The plain SDK client of the lookup table, for classes that have `searchable.lookup`. */
    lookupTable?: TableClient,
  ) {
    super(unencryptedClient, policy, entityClass, defaults, lookupTable);
    assertEntityClass(entityClass, policy);
    assertLookupTable(entityClass, lookupTable);
  }

  /** Names of the properties that are encrypted, or may be if they have `when`. */
  get encryptedProperties(): readonly string[] {
    return entityModel(this.entityClass).properties.map(({ propertyKey }) => propertyKey);
  }

  /**
   * Inserts an entity. Errors are thrown before any request, with the name of the property.
   *
   * @throws `UNDECLARED_PROPERTY`, `UNSUPPORTED_VALUE` (a value that cannot be encrypted), `INVALID_ENTITY`, `PAYLOAD_TOO_LARGE`
   * (64 KiB for a property, 1 MiB for an entity), `KEY_MISSING`, `KEY_WRAP_FAILED`
   */
  createEntity(
    entity: StorableEntity<T>,
    options: OperationOptions & EncryptedTableOptions = {},
  ): Promise<EncryptedCreateResponse> {
    return traced('EncryptedTableClient.createEntity', options, async (traceable) => {
      return insertEntity(givenEntity(entity, this.entityClass), this.callOf(traceable));
    });
  }

  /**
   * Reads an entity as an instance of its class. `select` may name any properties; what decryption needs is added and removed.
   * With `expectedIntegrityTag`, the read is `STALE_CONTENT` if another write stored the row. {@link integrityTagOf} returns the tag
   * of the entity.
   */
  getEntity(
    partitionKey: string,
    rowKey: string,
    options: GetTableEntityOptions & EncryptedReadRowOptions = {},
  ): Promise<TableEntityResult<T>> {
    return traced('EncryptedTableClient.getEntity', options, async (traceable) => {
      return readEntity({ partitionKey, rowKey }, this.callOf(traceable));
    });
  }

  /**
   * Starts a filter for {@link EncryptedTableClient.listEntities}, over the keys, `timestamp`, the properties that the class
   * lists under `Filterable`, and, with `eq` and `in`, the encrypted ones that it lists under `Searchable`.
   *
   * @throws `ENCRYPTED_PROPERTY_IN_FILTER`, `INVALID_OPTIONS` for a value that cannot be compared
   */
  where<Name extends FilterName<T>>(...comparison: FilterArguments<T, Name>): Filter<T>;
  where<Name extends SearchableName<T>>(...search: SearchArguments<T, Name>): Filter<T, 'search'>;
  where(...condition: readonly [name: string, operator: string, value: unknown]): Filter<T, FilterKind> {
    return Filter.where<T, FilterKind>(this.entityClass, condition);
  }

  /**
   * The search tag of a value, for your own lookup table. `partitionKey` is required unless tags are valid in the whole table.
   *
   * @throws `INVALID_OPTIONS` for a property or a value without tags, or a missing `partitionKey`
   */
  searchTag<Name extends SearchableName<T>>(
    name: Name,
    value: NonNullable<T[Name]>,
    place: { readonly partitionKey?: string } = {},
  ): Promise<string> {
    return newTag({ name, value, partitionKey: place.partitionKey }, this.contextOf({}));
  }

  /**
   * Lists entities as instances of their class. `byPage` and its tokens work as in the SDK. If there is a handler, a row that cannot
   * be decrypted is passed to it and left out; without one, the page throws. A key that cannot be reached (`KEY_UNAVAILABLE`)
   * always makes the page throw, because that is never the row's fault.
   *
   * @throws `ENCRYPTED_PROPERTY_IN_FILTER` before any request, and the errors of decryption, when a page is requested
   */
  listEntities(
    options: ListTableEntitiesOptions & EncryptedListOptions<T> = {},
  ): PagedAsyncIterableIterator<TableEntityResult<T>, TableEntityResultPage<T>> {
    const { keyEncryptionKey: _key, where, filterOnCiphertext, onDecryptionFailed, ...passed } = options;
    const call = {
      table: this.unencryptedClient,
      asked: options,
      onDecryptionFailed: onDecryptionFailed ?? this.defaults.onDecryptionFailed,
    };
    return listing((traceable, settings) => {
      const context = this.contextOf({ ...options, ...traceable });
      return listedEntities({ ...call, context, options: traceable }, settings);
    }, passed);
  }

  /**
   * Updates an existing entity. Unlike in the SDK, the default mode is `Replace`, which stores exactly this entity. `Merge` reads
   * the row, decrypts it, applies the change and replaces the row. If another writer changes it in the meantime, the merge starts
   * again. If only unsigned clear properties of a class without `when` change, the service merges them itself.
   *
   * @returns the response of the service, with the number of times that the row was written (`attempts`) and its `integrityTag`
   * @throws as {@link EncryptedTableClient.createEntity}, and `INVALID_OPTIONS` for another mode. With `Merge` also the errors of
   * decryption, and the service's 412 for an `etag` that you pass, or after others changed the row `mergeAttempts` times.
   */
  updateEntity(
    entity: ChangedEntity<T>,
    mode: UpdateMode = 'Replace',
    options: UpdateTableEntityOptions & EncryptedMergeOptions = {},
  ): Promise<EncryptedUpdateResponse> {
    return traced('EncryptedTableClient.updateEntity', options, async (traceable) => {
      assertMode(mode);
      const { mergeAttempts, etag, ...passed } = traceable;
      const call = this.callOf(passed);
      if (mode === 'Merge')
        return mergeEntity({ ...call, patch: givenEntity(entity, this.entityClass), etag, mergeAttempts });
      return replaceEntity(givenEntity(entity, this.entityClass), call, { etag, attempts: mergeAttempts });
    });
  }

  /**
   * Inserts or updates. The modes are those of {@link EncryptedTableClient.updateEntity}.
   *
   * @throws as {@link EncryptedTableClient.updateEntity}, and `INVALID_OPTIONS` for an `etag`, which an upsert cannot have
   */
  upsertEntity(
    entity: ChangedEntity<T>,
    mode: UpdateMode = 'Replace',
    options: OperationOptions & EncryptedMergeOptions = {},
  ): Promise<EncryptedUpsertResponse> {
    return traced('EncryptedTableClient.upsertEntity', options, async (traceable) => {
      assertMode(mode);
      refuseVersion('upsert', traceable);
      const { mergeAttempts, ...passed } = traceable;
      const call = this.callOf(passed);
      if (mode === 'Merge')
        return mergeOrInsert({ ...call, patch: givenEntity(entity, this.entityClass), mergeAttempts });
      return replaceOrInsert(givenEntity(entity, this.entityClass), call, { attempts: mergeAttempts });
    });
  }

  /**
   * All or nothing, in one partition; each row is sealed separately. The mode of updates is `Replace` unless an action sets one.
   * Rows to merge are read first. If one of them changes in the meantime, nothing is written and all of it is retried.
   */
  submitTransaction(
    actions: readonly EncryptedTransactionAction<T>[],
    options: OperationOptions & EncryptedMergeOptions = {},
  ): Promise<EncryptedTransactionResponse> {
    return traced('EncryptedTableClient.submitTransaction', options, async (traceable) => {
      const { mergeAttempts, ...passed } = traceable;
      return submitTransaction({ ...this.callOf(passed), actions, mergeAttempts });
    });
  }
}
