/** Blobs that are stored in the emulator and read through a proxy that can spoil its answers. */
import { BlobServiceClient } from '@azure/storage-blob';
import { EncryptedBlobService } from '../../src/blob/encrypted-blob.service.js';
import type { EncryptedBlockBlobClient } from '../../src/blob/encrypted-block-blob-client.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import type { AnswersProxy } from './answers-proxy.js';
import { containersFor, policyOf } from './blobs.js';

export interface StoredKind {
  /** Undefined for plaintext that is passed through. */
  readonly policy?: EncryptionPolicy;
  readonly plaintext: Buffer;
}

const policyFor = ({ policy = policyOf('2.0', { requireEncryption: false }) }: StoredKind) => policy;

export class ProxiedBlobs {
  /** The containers of blobs that tests only read. */
  private readonly containers = new Map<StoredKind, Promise<string>>();

  constructor(private readonly proxy: AnswersProxy) {}

  /** A blob with the content, behind the proxy. Tests must not change it. */
  async stored(kind: StoredKind): Promise<EncryptedBlockBlobClient> {
    const container = this.containers.get(kind) ?? containerWithBlob(kind);
    this.containers.set(kind, container);
    return this.behindProxy(kind, await container);
  }

  /** The same, stored for a single test. */
  async own(kind: StoredKind): Promise<EncryptedBlockBlobClient> {
    return this.behindProxy(kind, await containerWithBlob(kind));
  }

  private behindProxy(kind: StoredKind, container: string): EncryptedBlockBlobClient {
    const retryOptions = { maxTries: 1 };
    const service = BlobServiceClient.fromConnectionString(this.proxy.connectionString, { retryOptions });
    return new EncryptedBlobService(() => service, policyFor(kind))
      .getContainerClient(container)
      .getBlockBlobClient('blob');
  }
}

async function containerWithBlob(kind: StoredKind): Promise<string> {
  const [direct] = await containersFor(policyFor(kind));
  const blob = direct.getBlockBlobClient('blob');
  const { policy, plaintext } = kind;
  await (policy === undefined ? blob.unencryptedClient.uploadData(plaintext) : blob.uploadData(plaintext));
  return direct.containerName;
}
