/** Authentication with a Microsoft Entra ID token over HTTPS: blobs, messages, entities and the health check. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { globalAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenCredential } from '@azure/core-auth';
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import type { TestingModule } from '@nestjs/testing';
import {
  Encrypt,
  EncryptedBlobService,
  EncryptedEntity,
  EncryptedQueueService,
  EncryptedStorageHealthIndicator,
  EncryptedStorageModule,
  EncryptedTableService,
} from 'nestjs-azure-encrypted-storage';
import { type Emulator, startAzurite } from '../support/azurite.mjs';
import { testKey } from '../support/blobs.js';
import { makeCertificate } from '../support/certificate.js';
import { started, VERIFIED } from '../support/nest.js';

const HOUR = 3600;

/** Like a token of an Azure identity, except for the signature, which the emulator does not verify. */
function tokenFor(audience: string, seconds = HOUR): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: audience, iss: 'https://sts.windows.net/tenant/', iat: now - HOUR, nbf: now - HOUR };
  return [part({ alg: 'none', typ: 'JWT' }), part({ ...claims, exp: now + seconds }), ''].join('.');
}

const credentialOf = (token: string): TokenCredential => ({
  getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + HOUR * 1000 }),
});

@EncryptedEntity({ table: 'patients', clear: [] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

let folder: string;
let emulator: Emulator | undefined;
let tableHttpClient: HttpClient;
let app: TestingModule | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const { cert, key } = await makeCertificate();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key)]);
  emulator = await startAzurite(files);
  // the clients of blobs and queues accept no agent, but use this one without keep-alive
  globalAgent.options.ca = cert;
  const plain = createDefaultHttpClient();
  tableHttpClient = { sendRequest: (request) => plain.sendRequest(Object.assign(request, { agent: globalAgent })) };
});
afterEach(async () => {
  await app?.close();
  app = undefined;
});
afterAll(async () => {
  delete globalAgent.options.ca;
  await emulator?.stop();
  await rm(folder, { recursive: true, force: true });
});

const endpoint = (service: string): string =>
  new RegExp(`${service}Endpoint=([^;]+)`).exec(emulator?.connectionString ?? '')?.[1] ?? '';

async function signedIn(credential: TokenCredential): Promise<TestingModule> {
  const clientOptions = { keepAliveOptions: { enable: false }, retryOptions: { maxTries: 1 } };
  app = await started(
    EncryptedStorageModule.forRoot({
      connection: {
        blobEndpoint: endpoint('Blob'),
        queueEndpoint: endpoint('Queue'),
        tableEndpoint: endpoint('Table'),
        credential,
      },
      encryption: { protocol: '2.0', keyEncryptionKey: testKey },
      blob: { clientOptions },
      queue: { clientOptions },
      table: { clientOptions: { httpClient: tableHttpClient, retryOptions: { maxRetries: 0 } } },
    }),
  );
  return app;
}

describe('a TokenCredential', () => {
  const AUDIENCE = 'https://storage.azure.com';

  it('authenticates to blobs, queues and tables, and stored data is sealed', async () => {
    const module = await signedIn(credentialOf(tokenFor(AUDIENCE)));

    const container = module.get(EncryptedBlobService).getContainerClient('scans');
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient('b');
    await blob.uploadData(Buffer.from('Ada'));
    expect((await blob.downloadToBuffer()).toString()).toBe('Ada');
    expect((await blob.unencryptedClient.downloadToBuffer()).includes('Ada')).toBe(false);

    const queue = module.get(EncryptedQueueService).getQueueClient('letters');
    await queue.create();
    await queue.sendMessage('Ada');
    expect((await queue.receiveMessages()).receivedMessageItems[0]?.messageText).toBe('Ada');

    const patients = module.get(EncryptedTableService).getTableClient(Patient);
    await patients.createTable();
    await patients.createEntity({ partitionKey: 'p', rowKey: 'r', name: 'Ada' });
    expect((await patients.getEntity('p', 'r')).name).toBe('Ada');
    const stored = await patients.unencryptedClient.getEntity('p', 'r');
    expect(stored['name']).not.toBe('Ada');
  });

  it('passes the health check', async () => {
    const module = await signedIn(credentialOf(tokenFor(AUDIENCE)));

    expect(await module.get(EncryptedStorageHealthIndicator).isHealthy('storage', { timeout: 30_000 })).toEqual({
      storage: { status: 'up', integrity: VERIFIED },
    });
  });

  it.each([
    ['has expired', tokenFor(AUDIENCE, -60)],
    ['is for another service', tokenFor('https://vault.azure.net')],
  ])('whose token %s fails the health check of each service and every call', async (_what, token) => {
    const module = await signedIn(credentialOf(token));

    const { storage } = await module.get(EncryptedStorageHealthIndicator).isHealthy('storage', { timeout: 30_000 });

    expect(storage.status).toBe('down');
    expect(storage.message).toMatch(/^blob: .*40[13]; queue: .*40[13]; table: .*40[13]$/);
    const blob = module.get(EncryptedBlobService).getContainerClient('scans').getBlockBlobClient('refused');
    await expect(blob.uploadData(Buffer.from('Ada'))).rejects.toMatchObject({
      statusCode: expect.any(Number) as number,
    });
  });
});
