/** This package as an application uses it: a Nest module on the emulator, for each set of options that a test needs. */
import type { TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import {
  EncryptedBlobService,
  EncryptedQueueService,
  EncryptedStorageModule,
  EncryptedTableService,
  type EncryptionOptions,
  HmacSearchKey,
  type MessageEncoding,
} from 'nestjs-azure-encrypted-storage';
import { optionsOf, started } from '../../support/nest.js';
import { KEY, type SharedKey } from './keys.js';

export interface StorageOptions {
  readonly key?: SharedKey;
  /** Whether a resolver finds the key by its id, instead of the module having the key. */
  readonly resolved?: boolean;
  /** Whether `KEY` is a former key that only reads. */
  readonly rotated?: boolean;
  readonly protocol?: EncryptionOptions['protocol'];
  readonly regionLength?: number;
  readonly requireEncryption?: boolean;
  readonly messageEncoding?: MessageEncoding;
  readonly integrity?: EncryptionOptions['integrity'];
  /** What all content is bound to. */
  readonly context?: string;
  /** The key of search tags, in base64. */
  readonly searchKey?: string;
}

export interface Storage {
  readonly blobs: EncryptedBlobService;
  readonly queues: EncryptedQueueService;
  readonly tables: EncryptedTableService;
}

const applications = new Map<string, TestingModule>();
const keyNumbers = new Map<SharedKey, string>();

/** The services of a module with these options. One application serves all tests with the same options. */
export async function storageOf(options: StorageOptions = {}): Promise<Storage> {
  const name = nameOf(options);
  const app = applications.get(name) ?? (await start(options));
  applications.set(name, app);
  return {
    blobs: app.get(EncryptedBlobService),
    queues: app.get(EncryptedQueueService),
    tables: app.get(EncryptedTableService),
  };
}

/** Call this once in each file. */
export function closeStorageAfterAll(): void {
  afterAll(async () => {
    await Promise.all([...applications.values()].map((app) => app.close()));
    applications.clear();
  });
}

function nameOf({ key = KEY, ...rest }: StorageOptions): string {
  const number = keyNumbers.get(key) ?? randomUUID();
  keyNumbers.set(key, number);
  return JSON.stringify([number, rest]);
}

async function start({
  key = KEY,
  resolved,
  rotated,
  messageEncoding,
  protocol,
  context,
  searchKey,
  ...rest
}: StorageOptions): Promise<TestingModule> {
  const options = optionsOf({
    ...rest,
    ...(context === undefined ? {} : { context: () => context }),
    ...(searchKey === undefined ? {} : { searchKeys: { write: HmacSearchKey.fromBase64(searchKey) } }),
    protocol: protocol ?? '2.0',
    readProtocols: ['1.0', '2.0', '2.1'],
    ...(rotated === true ? { keyResolver: [KEY.ours] } : {}),
    ...(resolved === true ? { keyEncryptionKey: undefined, keyResolver: [key.ours] } : { keyEncryptionKey: key.ours }),
  });
  return started(
    EncryptedStorageModule.forRoot({
      ...options,
      ...(messageEncoding === undefined ? {} : { queue: { messageEncoding } }),
    }),
  );
}
