/** Blob services over the emulator, for tests of the blob layer. */
import { createCipheriv } from 'node:crypto';
import { BlobServiceClient, type ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { EncryptedBlobService } from '../../src/blob/encrypted-blob.service.js';
import type { EncryptedContainerClient } from '../../src/blob/encrypted-container-client.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { AesKeyEncryptionKey } from '../../src/keys/aes-key-encryption-key.js';
import type { ProtocolVersion } from '../../src/protocol/registry.js';
import { connectionString, uniqueName } from './azurite.js';

export const testKey = AesKeyEncryptionKey.generate('test:key');

export const policyOf = (protocol: ProtocolVersion, more: Partial<EncryptionPolicy> = {}): EncryptionPolicy => ({
  protocol,
  keyEncryptionKey: testKey,
  requireEncryption: true,
  ...more,
});

/** Containers that share one name, so that one policy can read what another writes. */
export async function containersFor<Policies extends readonly EncryptionPolicy[]>(
  ...policies: Policies
): Promise<{ readonly [At in keyof Policies]: EncryptedContainerClient }> {
  const service = BlobServiceClient.fromConnectionString(connectionString());
  const name = uniqueName('blobs');
  await service.getContainerClient(name).create();
  const containerFor = (policy: EncryptionPolicy) =>
    new EncryptedBlobService(() => service, policy).getContainerClient(name);
  return policies.map(containerFor) as { readonly [At in keyof Policies]: EncryptedContainerClient };
}

/** The same container behind a proxy, without retries unless the options enable them. */
export function behind(
  proxy: { readonly connectionString: string },
  { containerName }: { readonly containerName: string },
  policy: EncryptionPolicy,
  retryOptions: StoragePipelineOptions['retryOptions'] = { maxTries: 1 },
): EncryptedContainerClient {
  const service = BlobServiceClient.fromConnectionString(proxy.connectionString, { retryOptions });
  return new EncryptedBlobService(() => service, policy).getContainerClient(containerName);
}

/** The names of all blobs. */
export async function snapshotsIn(container: Pick<ContainerClient, 'listBlobsFlat'>): Promise<string[]> {
  const found: string[] = [];
  for await (const { snapshot } of container.listBlobsFlat({ includeSnapshots: true }))
    if (snapshot) found.push(snapshot);
  return found;
}

/** Returns the same bytes for the same length, without repeating parts. */
export const content = (length: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, String(length)), Buffer.alloc(16)).update(Buffer.alloc(length));

export async function bytesFrom(stream: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream ?? []) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
