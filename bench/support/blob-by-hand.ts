/** A blob of 1 KiB put and read by hand: the SDK, and the content and the metadata of the format (content-by-hand.ts). */
import type { ContainerClient } from '@azure/storage-blob';
import { openContent, type Protocol, sealContent, type StoredData } from './content-by-hand.js';

export interface SmallBlob {
  readonly container: ContainerClient;
  readonly name: string;
  readonly protocol: Protocol;
}

export async function putByHand({ container, name, protocol }: SmallBlob, content: Buffer): Promise<void> {
  const { sealed, data } = sealContent(protocol, 'stream', content);
  const metadata = { encryptiondata: data };
  await container.getBlockBlobClient(name).upload(sealed, sealed.length, { metadata });
}

/** Asks for as many bytes as are stored. */
export async function getByHand({ container, name, protocol }: SmallBlob, storedLength: number): Promise<Buffer> {
  const { metadata, readableStreamBody } = await container.getBlockBlobClient(name).download(0, storedLength);
  const pieces: Buffer[] = [];
  for await (const piece of readableStreamBody ?? []) pieces.push(piece as Buffer);
  const data = JSON.parse(metadata?.['encryptiondata'] ?? '') as StoredData;
  return openContent(protocol, 'stream', { sealed: Buffer.concat(pieces), data });
}
