/** Blobs under a customer-provided key, whose metadata a listing omits. A proxy simulates them. */
import { jest } from '@jest/globals';
import { BlobClient, BlobServiceClient } from '@azure/storage-blob';
import {
  type BlobMaintenanceOptions,
  EncryptedContainerClient,
  isMaintenanceClean,
  type MaintenanceReport,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, withBody } from '../support/answers-proxy.js';
import { containersFor, content } from '../support/blobs.js';
import { after, before, during, NEW, OLD } from '../support/maintenance.js';

const COUNT: MaintenanceTask = { do: 'census', retire: [OLD] };
const LEAVE: MaintenanceTask = { do: 'rewrap', retire: [OLD] };
const customerProvidedKey = { encryptionKey: 'a', encryptionKeySha256: 'b' };

let old: EncryptedContainerClient;
let young: EncryptedContainerClient;
let proxy: AnswersProxy;
beforeAll(async () => {
  proxy = await AnswersProxy.start();
});
afterAll(() => proxy.close());
beforeEach(async () => {
  [old, young] = await containersFor(before(), after());
  await old.getBlockBlobClient('scan').uploadData(content(100));
  const keepBack = withBody((body) =>
    body
      .replaceAll('</Properties>', '<CustomerProvidedKeySha256>b</CustomerProvidedKeySha256></Properties>')
      .replaceAll(/<Metadata>.*?<\/Metadata>/gs, '<Metadata Encrypted="true" />'),
  );
  proxy.spoil = (exchange) => exchange.request.url?.includes('comp=list') === true && keepBack(exchange);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const run = (task: MaintenanceTask, options: BlobMaintenanceOptions = {}) => {
  const service = BlobServiceClient.fromConnectionString(proxy.connectionString, { retryOptions: { maxTries: 1 } });
  const container = new EncryptedContainerClient(service.getContainerClient(old.containerName), during());
  return runMaintenance({ name: 'kept-back', task, sources: [container.forMaintenance(options)] });
};

/** The SDK sends such keys only over HTTPS. Like the service, this rejects requests without one. */
function demandKey(): void {
  for (const [name, at] of [['getProperties', 0] as const, ['setMetadata', 1] as const]) {
    const methods = BlobClient.prototype as unknown as Record<string, (...args: unknown[]) => Promise<object>>;
    const original = methods[name]!;
    jest.spyOn(methods, name).mockImplementation(function (this: object, ...args: unknown[]) {
      const options = args[at] as { customerProvidedKey?: object };
      if (options.customerProvidedKey !== customerProvidedKey)
        return Promise.reject(
          Object.assign(new Error(), { statusCode: 409, code: 'BlobUsesCustomerSpecifiedEncryption' }),
        );
      args[at] = { ...options, customerProvidedKey: undefined };
      return original.apply(this, args);
    });
  }
}

describe('a blob under a missing customer-provided key', () => {
  it('may need any key, and prevents a verdict of the census', async () => {
    const report = await run(COUNT);

    expect(report.census.entries).toMatchObject([{ kind: 'damaged', count: 1 }]);
    expect(report.census.verdict?.mayDestroy).toBe('no');
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it.each([LEAVE, { do: 'reencrypt', when: { plaintext: true } } as const])('is reported by $do', async (task) => {
    const report = await run(task);

    expect(report.failures).toMatchObject([{ name: 'scan', outcome: 'damaged', code: 'INVALID_ENCRYPTION_METADATA' }]);
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it('is treated the same if another key is given', async () => {
    demandKey();

    const report = await run(COUNT, { customerProvidedKey: { ...customerProvidedKey } });

    expect(report.census.entries).toMatchObject([{ kind: 'damaged', count: 1 }]);
  });
});

describe('a blob under a given customer-provided key', () => {
  const keysIn = ({ census }: MaintenanceReport) =>
    census.entries.map(({ place, keyId }) => `${place} ${keyId}`).sort();

  it('is counted with its snapshots and rewrapped', async () => {
    await old.getBlockBlobClient('scan').createSnapshot();
    demandKey();

    const counted = await run(COUNT, { customerProvidedKey });
    const report = await run(LEAVE, { customerProvidedKey });

    expect(keysIn(counted)).toEqual([`current ${OLD}`, `snapshot ${OLD}`]);
    expect(report.outcomes).toEqual({ done: 1 });
    expect(keysIn(report)).toEqual([`current ${NEW}`, `snapshot ${OLD}`]);
    jest.restoreAllMocks();
    expect((await young.getBlockBlobClient('scan').downloadToBuffer()).equals(content(100))).toBe(true);
  });

  it('is skipped if it was deleted after it was listed', async () => {
    jest
      .spyOn(BlobClient.prototype, 'getProperties')
      .mockRejectedValue(Object.assign(new Error(), { statusCode: 404, code: 'BlobNotFound' }));

    expect((await run(COUNT, { customerProvidedKey })).census.entries).toEqual([]);
  });
});
