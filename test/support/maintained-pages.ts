/** A page blob that maintenance encrypts again, alone in its container, behind a proxy that spoils requests. */
import type { PageBlobCreateOptions } from '@azure/storage-blob';
import {
  type BlobMaintenanceOptions,
  type EncryptedContainerClient,
  type MaintenanceOptions,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { behind, containersFor, snapshotsIn } from './blobs.js';
import { after, before, during, OLD, timeless } from './maintenance.js';
import { PageProxy } from './page-proxy.js';

export const LEAVE: MaintenanceTask = { do: 'reencrypt', when: { keyIds: [OLD] } };
export const ENCRYPT: MaintenanceTask = { do: 'reencrypt', when: { plaintext: true } };

interface PagesRun extends BlobMaintenanceOptions, Pick<MaintenanceOptions, 'dryRun' | 'onEvent'> {
  readonly container?: EncryptedContainerClient;
}

/** A new container for each test of the file. */
export class MaintainedPages {
  /** Writes with the old key, with both, and reads only with the new one. */
  old!: EncryptedContainerClient;
  both!: EncryptedContainerClient;
  young!: EncryptedContainerClient;
  proxy!: PageProxy;

  constructor() {
    beforeAll(async () => {
      this.proxy = await PageProxy.start();
    });
    afterAll(() => this.proxy.close());
    beforeEach(async () => {
      this.proxy.clear();
      const readProtocols = ['1.0', '2.1'] as const;
      const policies = [before('1.0'), during(), after('2.1', { readProtocols })] as const;
      [this.old, this.both, this.young] = await containersFor(...policies);
    });
  }

  readonly raw = () => this.old.unencryptedClient.getPageBlobClient('disk');
  readonly disk = () => this.old.getPageBlobClient('disk');
  readonly proxied = () => behind(this.proxy, this.old, during());
  readonly snapshots = () => snapshotsIn(this.old);

  readonly run = (task: MaintenanceTask, options: PagesRun = {}) => {
    const { container = this.both, pageBlobs = true, dryRun, onEvent, ...blobs } = options;
    const sources = [container.forMaintenance({ ...blobs, pageBlobs })];
    return runMaintenance({ name: 'again', task, sources }, { dryRun, onEvent, clock: timeless, patience: 1 });
  };

  /** Stores it in plaintext, as any program does. */
  readonly clear = async (bytes: Buffer, options?: PageBlobCreateOptions): Promise<void> => {
    await this.raw().create(bytes.length, options);
    if (bytes.length > 0) await this.raw().uploadPages(bytes, 0, bytes.length);
  };
}
