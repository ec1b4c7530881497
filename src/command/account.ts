/** The clients of an account: by connection string, or signed in with @azure/identity. */
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { TokenCredential } from '@azure/core-auth';
import { InvalidOptionsError } from '../errors/input.js';
import { refuse } from '../option-rules.js';
import { accountFaults, type AccountValues, connectionStringOf } from './account-values.js';

export interface Account {
  readonly blobs: BlobServiceClient;
  readonly queues: QueueServiceClient;
  readonly tables: TableServiceClient;
  readonly table: (name: string) => TableClient;
}

/**
 * Few retries: a job waits and slows down itself, and retries of the SDK would hide that a service is busy. An inspection should
 * not take a minute to fail.
 */
const RETRIES = { maxTries: 2, maxRetries: 1, retryDelayInMs: 500 };
const TABLES = { retryOptions: RETRIES, allowInsecureConnection: true };

/** Throws `INVALID_OPTIONS` for an invalid connection. */
export async function accountOf(values: AccountValues, env: NodeJS.ProcessEnv): Promise<Account> {
  refuse(accountFaults(values, env));
  if (values.account !== undefined) return signedIn(values.account, values['endpoint-suffix'] ?? 'core.windows.net');
  const given = connectionStringOf(values, env);
  try {
    return {
      blobs: BlobServiceClient.fromConnectionString(given, { retryOptions: RETRIES }),
      queues: QueueServiceClient.fromConnectionString(given, { retryOptions: RETRIES }),
      tables: TableServiceClient.fromConnectionString(given, TABLES),
      table: (name) => TableClient.fromConnectionString(given, name, TABLES),
    };
  } catch {
    // the SDK's message may quote it
    throw new InvalidOptionsError(['the connection string cannot be used']);
  }
}

async function signedIn(account: string, suffix: string): Promise<Account> {
  if (!/^[a-z0-9]{3,24}$/.test(account)) throw new InvalidOptionsError(['--account is the name of a storage account']);
  const credential = await defaultCredential();
  const endpoint = (service: string): string => `https://${account}.${service}.${suffix}`;
  const retryOptions = RETRIES;
  return {
    blobs: new BlobServiceClient(endpoint('blob'), credential, { retryOptions }),
    queues: new QueueServiceClient(endpoint('queue'), credential, { retryOptions }),
    tables: new TableServiceClient(endpoint('table'), credential, { retryOptions }),
    table: (name) => new TableClient(endpoint('table'), name, credential, { retryOptions }),
  };
}

async function defaultCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity').catch(() => {
    throw new InvalidOptionsError(['--account needs the package @azure/identity: install it']);
  });
  return new DefaultAzureCredential();
}
