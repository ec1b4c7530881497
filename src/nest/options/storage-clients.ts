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
import type {
  BlobOptions,
  EncryptedStorageModuleOptions,
  QueueOptions,
  TableOptions,
} from './encrypted-storage.options.js';
import type { AccountKey, StorageConnection } from './storage-connection.js';

/**
 * The clients of one account. They are created when first used, because a connection need not include services that are not used.
 */
export class StorageClients implements OnApplicationShutdown {
  readonly threads: CipherThreads | undefined;
  readonly keptMemory: number | undefined;
  readonly blobs: () => BlobServiceClient;
  readonly queues: () => QueueServiceClient;
  /** `undefined` if the application creates each table client itself. */
  readonly tableService: (() => TableServiceClient) | undefined;
  private readonly tables: () => (tableName: string) => TableClient;

  constructor({ connection, blob = {}, queue = {}, table = {} }: EncryptedStorageModuleOptions) {
    const { workers = 0, keptMemory } = blob;
    const createsTables = Reflect.get(connection, 'tableClientFactory') !== undefined;
    this.keptMemory = keptMemory;
    this.threads = workers === 0 ? undefined : new CipherThreads(workers);
    this.blobs = lazily(() => clientFrom(connection, blobClients(blob)));
    this.queues = lazily(() => clientFrom(connection, queueClients(queue)));
    this.tables = lazily(() => clientFrom(connection, tableClients(table)));
    this.tableService = createsTables ? undefined : lazily(() => clientFrom(connection, tableServices(table)));
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

type Credential = TokenCredential | AccountKey | undefined;

/** How a client is made from each form of a connection. */
interface ClientForms<Client> {
  /** The option that has the client itself. */
  readonly given?: string;
  readonly endpoint: 'blobEndpoint' | 'queueEndpoint' | 'tableEndpoint';
  readonly fromString: (connectionString: string) => Client;
  readonly fromEndpoint: (url: string, credential: Credential) => Client;
}

const blobClients = ({ clientOptions }: BlobOptions): ClientForms<BlobServiceClient> => ({
  given: 'blobServiceClient',
  endpoint: 'blobEndpoint',
  fromString: (text) => BlobServiceClient.fromConnectionString(text, clientOptions),
  fromEndpoint: (url, credential) => new BlobServiceClient(url, withKey(credential, BlobKeyCredential), clientOptions),
});

const queueClients = ({ clientOptions }: QueueOptions): ClientForms<QueueServiceClient> => ({
  given: 'queueServiceClient',
  endpoint: 'queueEndpoint',
  fromString: (text) => QueueServiceClient.fromConnectionString(text, clientOptions),
  fromEndpoint: (url, credential) =>
    new QueueServiceClient(url, withKey(credential, QueueKeyCredential), clientOptions),
});

const tableClients = (options: TableOptions): ClientForms<(tableName: string) => TableClient> => ({
  given: 'tableClientFactory',
  endpoint: 'tableEndpoint',
  fromString: (text) => (tableName) =>
    parsed('tableEndpoint', () => TableClient.fromConnectionString(text, tableName, tableOptions(text, options))),
  fromEndpoint: (url, credential) => (tableName) =>
    new TableClient(url, tableName, ...tableAccess(credential, tableOptions(url, options))),
});

const tableServices = (options: TableOptions): ClientForms<TableServiceClient> => ({
  endpoint: 'tableEndpoint',
  fromString: (text) => TableServiceClient.fromConnectionString(text, tableOptions(text, options)),
  fromEndpoint: (url, credential) =>
    new TableServiceClient(url, ...tableAccess(credential, tableOptions(url, options))),
});

const tableOptions = (address: string, { clientOptions }: TableOptions): TableServiceClientOptions => ({
  allowInsecureConnection: isInsecure(address),
  ...clientOptions,
});

/** The last parameters of the constructors, which take the options in place of a credential that is not there. */
const tableAccess = (credential: Credential, options: TableServiceClientOptions) =>
  (credential === undefined ? [options] : [withKey(credential, AzureNamedKeyCredential), options]) as [
    TokenCredential,
    TableServiceClientOptions,
  ];

/** Throws {@link InvalidOptionsError} if the connection has no address for the service. */
function clientFrom<Client>(
  connection: StorageConnection,
  { given, endpoint, fromString, fromEndpoint }: ClientForms<Client>,
): Client {
  const client: unknown = given === undefined ? undefined : Reflect.get(connection, given);
  if (client !== undefined) return client as Client;
  if ('connectionString' in connection) return parsed(endpoint, () => fromString(connection.connectionString));
  const { [endpoint]: url, credential } = endpointsOf(connection);
  if (url !== undefined) return fromEndpoint(url, credential);
  const missing = given === undefined ? endpoint : `${endpoint} or ${given}`;
  throw new InvalidOptionsError([`"connection" has no ${missing}, which an injected service needs`]);
}

const DEFAULT_SUFFIX = 'core.windows.net';

interface EndpointConnection extends Partial<Record<ClientForms<unknown>['endpoint'], string>> {
  readonly credential?: Credential;
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

/** An account key as the SDK of the service takes it; other credentials as they are. */
const withKey = <Key>(
  credential: Credential,
  SharedKey: new (accountName: string, accountKey: string) => Key,
): TokenCredential | Key | undefined =>
  credential !== undefined && 'accountKey' in credential
    ? new SharedKey(credential.accountName, credential.accountKey)
    : credential;

/** Drops the SDK's own error, which says less and is not an error of this package. */
function parsed<T>(endpoint: string, make: () => T): T {
  try {
    return make();
  } catch {
    const name = endpoint.replace(/^./, (letter) => letter.toUpperCase());
    throw new InvalidOptionsError([
      `"connection.connectionString" has no usable ${name}, which an injected service needs`,
    ]);
  }
}
