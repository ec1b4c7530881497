/** Blob services over the emulator, for tests of the blob layer. */
import { createCipheriv } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
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

/** Containers that share one name, so that what one policy writes another can read. */
export async function containersFor(
  ...policies: readonly EncryptionPolicy[]
): Promise<readonly EncryptedContainerClient[]> {
  const service = BlobServiceClient.fromConnectionString(connectionString());
  const name = uniqueName('blobs');
  await service.getContainerClient(name).create();
  return policies.map((policy) => new EncryptedBlobService(() => service, policy).getContainerClient(name));
}

/** The same bytes for the same length, and no part of them like another. */
export const content = (length: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, String(length)), Buffer.alloc(16)).update(Buffer.alloc(length));

export async function bytesFrom(stream: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream ?? []) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
