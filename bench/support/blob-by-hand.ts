/**
 * Writes and reads a blob of 1 KiB with hand-written code: the SDK, with content and metadata from content-by-hand.ts.
 */
import type { BlobServiceClient, BlockBlobClient } from '@azure/storage-blob';
import { openContent, type Protocol, sealContent, type StoredData } from './content-by-hand.js';

export interface SmallBlob {
  readonly service: BlobServiceClient;
  readonly name: string;
  readonly protocol: Protocol;
}

/** Created for each call, as in the other variants. */
const clientOf = ({ service, name }: Pick<SmallBlob, 'service' | 'name'>): BlockBlobClient =>
  service.getContainerClient('bench').getBlockBlobClient(name);

export async function putByHand({ protocol, ...blob }: SmallBlob, content: Buffer): Promise<void> {
  const { sealed, data } = sealContent(protocol, 'stream', content);
  const metadata = { encryptiondata: data };
  await clientOf(blob).upload(sealed, sealed.length, { metadata });
}

/** Requests exactly the stored bytes. */
export async function getByHand({ protocol, ...blob }: SmallBlob, storedLength: number): Promise<Buffer> {
  const { metadata, readableStreamBody } = await clientOf(blob).download(0, storedLength);
  const pieces: Buffer[] = [];
  for await (const piece of readableStreamBody ?? []) pieces.push(piece as Buffer);
  const data = JSON.parse(metadata?.['encryptiondata'] ?? '') as StoredData;
  return openContent(protocol, 'stream', { sealed: Buffer.concat(pieces), data });
}
