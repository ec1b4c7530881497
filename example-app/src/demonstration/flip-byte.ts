/** Changes one byte of a stored blob and nothing else, as somebody with access to the account could. */
import type { BlockBlobClient } from '@azure/storage-blob';

export interface FlippedByte {
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** Flips the last bit, so a second call restores the byte. Only the block with the byte is in memory. */
export async function flipByte(blob: BlockBlobClient, offset: number): Promise<FlippedByte> {
  const { metadata = {}, contentType, etag = '', contentLength = 0 } = await blob.getProperties();
  const { committedBlocks = [] } = await blob.getBlockList('committed');
  const options = {
    metadata,
    conditions: { ifMatch: etag },
    ...(contentType === undefined ? {} : { blobHTTPHeaders: { blobContentType: contentType } }),
  };

  const block = blockAt(committedBlocks, offset) ?? { name: null, start: 0, size: contentLength };
  const content = await blob.downloadToBuffer(block.start, block.size);
  const before = content.readUInt8(offset - block.start);
  const after = before ^ 1;
  content.writeUInt8(after, offset - block.start);

  if (block.name === null) {
    await blob.upload(content, content.length, options);
  } else {
    await blob.stageBlock(block.name, content, content.length);
    await blob.commitBlockList(
      committedBlocks.map(({ name }) => name),
      options,
    );
  }
  return { offset, before, after };
}

interface StoredBlock {
  /** `null` for a blob that was uploaded in one request. */
  readonly name: string | null;
  readonly start: number;
  readonly size: number;
}

function blockAt(blocks: readonly { name: string; size: number }[], offset: number): StoredBlock | null {
  let start = 0;
  for (const { name, size } of blocks) {
    if (offset < start + size) return { name, start, size };
    start += size;
  }
  return null;
}
