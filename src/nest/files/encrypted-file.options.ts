/** What an application can decide about the files that it receives. */
import { MAX_BLOCK_LENGTH } from '../../blob/transfer-shape.js';
import { callable, flag, groupFaults, refuse, type RulesOf, wholeNumber } from '../../option-rules.js';

/** A file as the client announces it. None of these values can be trusted. */
export interface IncomingFile {
  /** Name of the field of the form. */
  readonly fieldname: string;
  /** Name of the file on the client's computer. */
  readonly originalname: string;
  /** Media type that the client announces. */
  readonly mimetype: string;
}

/** A file that has been stored as an encrypted blob: what `@UploadedFile()` injects. */
export interface EncryptedFile extends IncomingFile {
  /** Number of plaintext bytes. */
  readonly size: number;
  /** Name of the container. */
  readonly container: string;
  /** Name of the blob. */
  readonly blobName: string;
  /** ETag of the blob, in quotes. */
  readonly etag: string;
  /** Identifies the write, if it has integrity entries. */
  readonly integrityTag?: string;
}

/** Decides something about a file. The request is that of Express or Fastify. */
export type FileDecision<Result> = (file: IncomingFile, request: never) => Result | Promise<Result>;

/** How files of forms become encrypted blobs. */
export interface EncryptedFileOptions {
  /** Maximum number of plaintext bytes in a file. A longer one is answered with 413. By default there is no limit. */
  readonly maxBytes?: number;
  /**
   * Name of the blob. The default is a random UUID. Names are not encrypted, so do not put the client's file name into them.
   */
  readonly blobName?: FileDecision<string>;
  /** Media type of the blob, which is not encrypted. The default is what the client announces. */
  readonly contentType?: FileDecision<string>;
  /** Metadata of the blob, which is not encrypted. The default is none. */
  readonly metadata?: FileDecision<Record<string, string>>;
  /**
   * Whether a file may replace a blob. Otherwise, if the name is taken, the answer is 409 and the old blob stays.
   *
   * @defaultValue false
   */
  readonly replace?: boolean;
  /** Number of ciphertext bytes in a block. The default is 4 MiB. */
  readonly blockSize?: number;
  /** Number of blocks that are sent at once. An upload holds one more block in memory. The default is 2. */
  readonly concurrency?: number;
}

const MAX_CONCURRENCY = 1000;

export const ENCRYPTED_FILE: RulesOf<EncryptedFileOptions> = {
  maxBytes: wholeNumber(0, Number.MAX_SAFE_INTEGER, ' bytes'),
  blobName: callable,
  contentType: callable,
  metadata: callable,
  replace: flag,
  blockSize: wholeNumber(1, MAX_BLOCK_LENGTH, ' bytes'),
  concurrency: wholeNumber(1, MAX_CONCURRENCY),
};

/** Throws `INVALID_OPTIONS` with every fault. */
export function checkFileOptions(options: EncryptedFileOptions): void {
  refuse(groupFaults(ENCRYPTED_FILE, options));
}
