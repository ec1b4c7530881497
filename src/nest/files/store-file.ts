/** Streams one file of a form into an encrypted blob, without a temporary file and with only the blocks in flight in memory. */
import { BadRequestException, ConflictException, PayloadTooLargeException } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { EncryptedContainerClient } from '../../blob/encrypted-container-client.js';
import { DEFAULT_BLOCK_LENGTH } from '../../blob/transfer-shape.js';
import { uniqueId } from '../../crypto/bytes.js';
import { isChanged, isMissing, serviceCodeOf } from '../../service-errors.js';
import type { EncryptedFile, EncryptedFileOptions, IncomingFile } from './encrypted-file.options.js';
import type { ReceivedForm } from './received-form.js';

const CONCURRENCY = 2;

/** The content of a file. A form parser that stops at its own limit ends the stream and sets `truncated`. */
export type FileStream = Readable & { readonly truncated?: boolean };

/** A file, and the form that it is part of. */
interface FilePart {
  readonly file: IncomingFile;
  readonly stream: FileStream;
  readonly form: ReceivedForm;
  /** The request of Express or Fastify, for the application's own functions. */
  readonly request: unknown;
}

/**
 * The blob appears when the whole form has arrived. If anything fails before, the container does not change, and the rest of the
 * stream is read and dropped, so that the client gets its response.
 */
export async function storeFile(
  container: EncryptedContainerClient,
  part: FilePart,
  options: EncryptedFileOptions,
): Promise<EncryptedFile> {
  part.form.begin();
  try {
    return await uploaded(container, part, options);
  } catch (error) {
    part.form.fail();
    part.stream.on('error', () => undefined).resume();
    throw part.stream.errored ?? (isNameTaken(error) ? new ConflictException(NAME_TAKEN, { cause: error }) : error);
  }
}

const NAME_TAKEN = 'A file with this name is stored already';

const isNameTaken = (error: unknown): boolean => serviceCodeOf(error) === 'BlobAlreadyExists';

async function uploaded(
  container: EncryptedContainerClient,
  part: FilePart,
  options: EncryptedFileOptions,
): Promise<EncryptedFile> {
  const { fieldname, originalname, mimetype } = part.file;
  const file = { fieldname, originalname, mimetype };
  const decide = <Result>(decision: ((file: IncomingFile, request: never) => Result) | undefined) =>
    decision?.({ ...file }, part.request as never);
  const blobName = (await decide(options.blobName)) ?? uniqueId();
  const contentType = (await decide(options.contentType)) ?? mimetype;
  const metadata = await decide(options.metadata);
  const content = new FileContent(part, options.maxBytes ?? Infinity);
  const { blockSize = DEFAULT_BLOCK_LENGTH, concurrency = CONCURRENCY } = options;
  const source = Readable.from(content, { objectMode: false });
  const response = await container.getBlockBlobClient(blobName).uploadStream(source, blockSize, concurrency, {
    abortSignal: part.form.signal,
    blobHTTPHeaders: { blobContentType: contentType },
    metadata,
    conditions: options.replace === true ? undefined : { ifNoneMatch: '*' },
  });
  const { etag = '', integrityTag } = response;
  return { ...file, size: content.taken, container: container.containerName, blobName, etag, integrityTag };
}

/** The bytes of a file. The iteration ends only if the file and the form are complete. */
class FileContent implements AsyncIterable<Uint8Array> {
  taken = 0;

  constructor(
    private readonly part: FilePart,
    private readonly maxBytes: number,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const { stream, form } = this.part;
    // the stream has to outlive a refusal, to be drained
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      this.taken += chunk.length;
      if (this.taken > this.maxBytes) {
        throw new PayloadTooLargeException(`A file has at most ${this.maxBytes} bytes`);
      }
      yield chunk;
    }
    if (stream.truncated === true)
      throw new PayloadTooLargeException('The file is longer than the limit of the parser');
    if (!stream.readableEnded) throw new BadRequestException('The file is not whole');
    await form.end();
  }
}

/** Deletes the blob of a file, unless it has been changed since. If the file may have replaced a blob, nothing is deleted. */
export async function removeStoredFile(
  container: EncryptedContainerClient,
  { blobName, etag }: EncryptedFile,
  { replace = false }: EncryptedFileOptions,
): Promise<void> {
  if (replace) return;
  try {
    await container.getBlockBlobClient(blobName).delete({ conditions: { ifMatch: etag } });
  } catch (error) {
    if (!isMissing(error) && !isChanged(error)) throw error;
  }
}
