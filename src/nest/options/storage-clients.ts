/** What all services of an account share: the plain SDK clients of its connection, and the threads of its uploads. */
import type { TokenCredential } from '@azure/core-auth';
import {
  AzureNamedKeyCredential,
  TableClient,
  TableServiceClient,
  type TableServiceClientOptions,
} from '@azure/data-tables';
import { BlobServiceClient, StorageSharedKeyCredential as BlobKeyCredential } from '@azure/storage-blob';
import { QueueServiceClient, StorageSharedKeyCredential as QueueKeyCredential } from '@azure/storage-queue';
import type { OnApplicationShutdown } from '@nestjs/common';
import { CipherThreads } from '../../crypto/cipher-threads.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { EncryptedStorageModuleOptions } from './encrypted-storage.options.js';
import type { AccountKey, StorageConnection } from './storage-connection.js';

/**
 * The clients of one account. They are created when first used, because a connection need not include services that are not used.
 */
export class StorageClients implements OnApplicationShutdown {
  readonly threads: CipherThreads | undefined;
  readonly keptMemory: number | undefined;
  readonly blobs = lazily(() => blobServiceClient(this.options));
  readonly queues = lazily(() => queueServiceClient(this.options));
  readonly tableService: (() => TableServiceClient) | undefined;
  private readonly tables = lazily(() => tableClientFactory(this.options));

  constructor(private readonly options: EncryptedStorageModuleOptions) {
    const { workers = 0, keptMemory } = options.blob ?? {};
    this.keptMemory = keptMemory;
    this.tableService = tableServiceClient(options);
    this.threads = workers === 0 ? undefined : new CipherThreads(workers);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.threads?.close();
  }

  readonly table = (tableName: string): TableClient => this.tables()(tableName);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const DEFAULT_SUFFIX = 'core.windows.net';

interface EndpointConnection {
  readonly blobEndpoint?: string;
  readonly queueEndpoint?: string;
  readonly tableEndpoint?: string;
  readonly credential?: TokenCredential | AccountKey;
}

/** Throws {@link InvalidOptionsError} if the connection has no address for blobs. */
function blobServiceClient({ connection, blob }: EncryptedStorageModuleOptions): BlobServiceClient {
  if ('blobServiceClient' in connection && connection.blobServiceClient !== undefined) {
    return connection.blobServiceClient;
  }
  if ('connectionString' in connection) {
    const { connectionString } = connection;
    return parsed('BlobEndpoint', () => BlobServiceClient.fromConnectionString(connectionString, blob?.clientOptions));
  }
  const { blobEndpoint, credential } = endpointsOf(connection);
  if (blobEndpoint === undefined) return missing('blobEndpoint or blobServiceClient');
  const key = isAccountKey(credential)
    ? new BlobKeyCredential(credential.accountName, credential.accountKey)
    : credential;
  return new BlobServiceClient(blobEndpoint, key, blob?.clientOptions);
}

/** Throws {@link InvalidOptionsError} if the connection has no address for queues. */
function queueServiceClient({ connection, queue }: EncryptedStorageModuleOptions): QueueServiceClient {
  if ('queueServiceClient' in connection && connection.queueServiceClient !== undefined) {
    return connection.queueServiceClient;
  }
  if ('connectionString' in connection) {
    const { connectionString } = connection;
    return parsed('QueueEndpoint', () =>
      QueueServiceClient.fromConnectionString(connectionString, queue?.clientOptions),
    );
  }
  const { queueEndpoint, credential } = endpointsOf(connection);
  if (queueEndpoint === undefined) return missing('queueEndpoint or queueServiceClient');
  const key = isAccountKey(credential)
    ? new QueueKeyCredential(credential.accountName, credential.accountKey)
    : credential;
  return new QueueServiceClient(queueEndpoint, key, queue?.clientOptions);
}

/** Throws {@link InvalidOptionsError} if the connection has no address for tables. */
function tableClientFactory(options: EncryptedStorageModuleOptions): (tableName: string) => TableClient {
  const { connection, table } = options;
  if ('tableClientFactory' in connection && connection.tableClientFactory !== undefined) {
    return connection.tableClientFactory;
  }
  if ('connectionString' in connection) {
    const { connectionString } = connection;
    const clientOptions = { allowInsecureConnection: isInsecure(connectionString), ...table?.clientOptions };
    return (tableName) =>
      parsed('TableEndpoint', () => TableClient.fromConnectionString(connectionString, tableName, clientOptions));
  }
  const { tableEndpoint, credential } = endpointsOf(connection);
  if (tableEndpoint === undefined) return missing('tableEndpoint or tableClientFactory');
  const clientOptions = { allowInsecureConnection: isInsecure(tableEndpoint), ...table?.clientOptions };
  return (tableName) => tableClient(tableEndpoint, tableName, { credential, clientOptions });
}

/** `undefined` if the application creates each table client itself. */
function tableServiceClient({
  connection,
  table,
}: EncryptedStorageModuleOptions): (() => TableServiceClient) | undefined {
  if ('tableClientFactory' in connection && connection.tableClientFactory !== undefined) return undefined;
  return lazily(() => {
    if ('connectionString' in connection) {
      const { connectionString } = connection;
      const clientOptions = { allowInsecureConnection: isInsecure(connectionString), ...table?.clientOptions };
      return parsed('TableEndpoint', () => TableServiceClient.fromConnectionString(connectionString, clientOptions));
    }
    const { tableEndpoint, credential } = endpointsOf(connection);
    if (tableEndpoint === undefined) return missing('tableEndpoint');
    const clientOptions = { allowInsecureConnection: isInsecure(tableEndpoint), ...table?.clientOptions };
    if (credential === undefined) return new TableServiceClient(tableEndpoint, clientOptions);
    if (!isAccountKey(credential)) return new TableServiceClient(tableEndpoint, credential, clientOptions);
    const key = new AzureNamedKeyCredential(credential.accountName, credential.accountKey);
    return new TableServiceClient(tableEndpoint, key, clientOptions);
  });
}

interface TableAccess {
  readonly credential: EndpointConnection['credential'];
  readonly clientOptions: TableServiceClientOptions;
}

function tableClient(endpoint: string, tableName: string, { credential, clientOptions }: TableAccess): TableClient {
  if (credential === undefined) return new TableClient(endpoint, tableName, clientOptions);
  if (!isAccountKey(credential)) return new TableClient(endpoint, tableName, credential, clientOptions);
  const key = new AzureNamedKeyCredential(credential.accountName, credential.accountKey);
  return new TableClient(endpoint, tableName, key, clientOptions);
}

function endpointsOf(connection: StorageConnection): EndpointConnection {
  if (!('accountName' in connection)) return connection as EndpointConnection;
  const { accountName, endpointSuffix = DEFAULT_SUFFIX } = connection;
  return {
    blobEndpoint: `https://${accountName}.blob.${endpointSuffix}`,
    queueEndpoint: `https://${accountName}.queue.${endpointSuffix}`,
    tableEndpoint: `https://${accountName}.table.${endpointSuffix}`,
    credential: 'credential' in connection ? connection.credential : connection,
  };
}

/** Only if the user wrote http explicitly, as emulators need it. */
const isInsecure = (address: string): boolean =>
  /(^|=)http:|UseDevelopmentStorage=true|DefaultEndpointsProtocol=http(;|$)/i.test(address);

const isAccountKey = (credential: EndpointConnection['credential']): credential is AccountKey =>
  credential !== undefined && 'accountKey' in credential;

/** Drops the SDK's own error, which says less and is not an error of this package. */
function parsed<T>(endpoint: string, make: () => T): T {
  try {
    return make();
  } catch {
    throw new InvalidOptionsError([
      `"connection.connectionString" has no usable ${endpoint}, which an injected service needs`,
    ]);
  }
}

function missing(what: string): never {
  throw new InvalidOptionsError([`"connection" has no ${what}, which an injected service needs`]);
}
