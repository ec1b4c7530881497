/** The recipes of docs/deploying.md for a script and for Azure Functions, run unchanged. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import azureFunctions, { type InvocationContext } from '@azure/functions';
import { jest } from '@jest/globals';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { INestApplicationContext } from '@nestjs/common';
import { type EncryptedQueueClient, getEncryptedQueueToken } from 'nestjs-azure-encrypted-storage';
import { connectionString } from '../support/azurite.js';
import { docsSample } from '../support/docs-samples.js';

const PAGE = 'docs/deploying.md';
const settings = {
  AZURE_STORAGE_CONNECTION_STRING: connectionString(),
  CLINIC_KEY: randomBytes(32).toString('base64'),
};
const before = Object.fromEntries(Object.keys(settings).map((name) => [name, process.env[name]]));
let folder: string;

beforeAll(async () => {
  // @azure/functions warns that it runs outside a host
  jest.spyOn(console, 'warn').mockReturnValue(undefined);
  Object.assign(process.env, settings);
  folder = await mkdtemp(join(tmpdir(), 'deploying-'));
  await writeFile(join(folder, 'scan'), 'ninety-nine bottles');
});
afterAll(async () => {
  jest.restoreAllMocks();
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true });
});

type Handler = (item: unknown, context: InvocationContext) => Promise<void>;
interface Functions {
  readonly storage: () => Promise<INestApplicationContext>;
  readonly referral: Handler;
  readonly scan: Handler;
}

/** What a handler logs when the host calls it. */
async function logged(handler: Handler, item: unknown, triggerMetadata: Record<string, string> = {}) {
  const lines: unknown[] = [];
  const logHandler = (_level: string, ...line: unknown[]): void => void lines.push(...line);
  await handler(item, new azureFunctions.InvocationContext({ functionName: 'recipe', triggerMetadata, logHandler }));
  return lines;
}

it('stores a scan from a script, and reads it and a message in functions', async () => {
  const { storeScan } = await docsSample(PAGE, 'storeScan');
  await (storeScan as (name: string, path: string) => Promise<void>)('recipe', join(folder, 'scan'));
  const container = BlobServiceClient.fromConnectionString(connectionString()).getContainerClient('scans');
  const stored = await container.getBlockBlobClient('recipe').downloadToBuffer();
  expect(stored.includes('ninety-nine')).toBe(false);

  const { storage, referral, scan } = (await docsSample(PAGE, 'referral')) as unknown as Functions;
  try {
    const queue = (await storage()).get<EncryptedQueueClient>(getEncryptedQueueToken('referrals'), { strict: false });
    await queue.clearMessages();
    await queue.sendMessage('to the north');
    const plain = QueueServiceClient.fromConnectionString(connectionString()).getQueueClient('referrals');
    const [message] = (await plain.receiveMessages()).receivedMessageItems;

    expect(await logged(referral, JSON.parse(message!.messageText))).toEqual(['A referral of 12 bytes']);
    expect(await logged(referral, message!.messageText)).toEqual(['A referral of 12 bytes']);
    expect(await logged(scan, stored, { name: 'recipe' })).toEqual(['A scan of 19 bytes']);
  } finally {
    await (await storage()).close();
  }
});
