/** A page blob behind a proxy that spoils requests, and what its readers receive. */
import { createHash } from 'node:crypto';
import { BlobServiceClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { EncryptedBlobService } from '../../src/blob/encrypted-blob.service.js';
import type { EncryptedPageBlobClient } from '../../src/blob/encrypted-page-blob-client.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { connectionString, uniqueName } from './azurite.js';
import { bytesFrom, policyOf, snapshotsIn } from './blobs.js';
import type { PageProxy } from './page-proxy.js';

export const strict = policyOf('1.0');
const lenient = policyOf('1.0', { requireEncryption: false });

export interface PageLab {
  /** Through the proxy. */
  readonly blob: EncryptedPageBlobClient;
  /** Bypasses the proxy, optionally with another policy. */
  readonly direct: (policy?: EncryptionPolicy) => EncryptedPageBlobClient;
}

/** A page blob that does not exist yet, in an empty container. */
export async function pageLab(
  proxy: PageProxy,
  policy: EncryptionPolicy,
  retryOptions: StoragePipelineOptions['retryOptions'] = { maxTries: 1 },
): Promise<PageLab> {
  const container = uniqueName('pages');
  const straight = BlobServiceClient.fromConnectionString(connectionString());
  await straight.getContainerClient(container).create();
  const proxied = BlobServiceClient.fromConnectionString(proxy.connectionString, { retryOptions });
  const client = (service: BlobServiceClient, chosen: EncryptionPolicy) =>
    new EncryptedBlobService(() => service, chosen).getContainerClient(container).getPageBlobClient('disk');
  return { blob: client(proxied, policy), direct: (chosen = policy) => client(straight, chosen) };
}

/** All snapshots in the container. */
export function snapshotsOf({ direct }: PageLab): Promise<string[]> {
  const { containerName } = direct();
  return snapshotsIn(BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(containerName));
}

/** A short name for content, so that a failing test does not print it. */
export const nameOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** The name of what readers of both modes receive, or the code of their error. They must agree. */
export async function readBy({ direct }: PageLab): Promise<string> {
  const [first, second] = await Promise.all(
    [strict, lenient].map(async (policy) => {
      try {
        const whole = await direct(policy).downloadToBuffer();
        const streamed = await bytesFrom((await direct(policy).download()).readableStreamBody);
        return streamed.equals(whole) ? nameOf(whole) : 'a mixture';
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
    }),
  );
  if (first !== second) throw new Error(`readers disagree: ${first}, ${second}`);
  return String(first);
}

/** `done`, or the status or code of the error. */
export async function outcome(running: Promise<unknown>): Promise<string> {
  try {
    await running;
    return 'done';
  } catch (error) {
    const { statusCode, code, name } = error as { statusCode?: number; code?: string; name: string };
    return String(statusCode ?? code ?? name);
  }
}
