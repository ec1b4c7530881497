/** The files of an inventory: in the container that the account writes them to, or downloaded next to their manifest. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ContainerClient } from '@azure/storage-blob';
import { InvalidOptionsError } from '../../errors/input.js';
import { nullIfMissing } from '../../service-errors.js';

export interface InventoryFiles {
  /** Number of bytes; `null` if there is no such file. */
  size(path: string): Promise<number | null>;
  open(path: string): Promise<Readable>;
  /** The file that has this name in the manifest. */
  listedPath(manifest: string, blob: string): string;
}

/** Connections that a download of a large file may lose. */
const MOST_RETRIES = 10;

export class ContainerFiles implements InventoryFiles {
  constructor(private readonly container: ContainerClient) {}

  async size(path: string): Promise<number | null> {
    const found = await this.container.getBlobClient(path).getProperties().catch(nullIfMissing);
    return found === null ? null : (found.contentLength ?? 0);
  }

  async open(path: string): Promise<Readable> {
    const options = { maxRetryRequests: MOST_RETRIES };
    return (await this.container.getBlobClient(path).download(0, undefined, options)).readableStreamBody as Readable;
  }

  listedPath(_manifest: string, blob: string): string {
    return blob;
  }
}

export class LocalFiles implements InventoryFiles {
  async size(path: string): Promise<number | null> {
    try {
      const found = await stat(path);
      return found.isFile() ? found.size : null;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
      return unreadable(path, error);
    }
  }

  /** A file that cannot be read is not an outage, so waiting for it would not help. */
  open(path: string): Promise<Readable> {
    const file = createReadStream(path);
    return new Promise((resolve, reject) => {
      file.once('open', () => resolve(file));
      file.once('error', (error) => {
        unreadable(path, error).catch(reject);
      });
    });
  }

  listedPath(manifest: string, blob: string): string {
    return join(dirname(manifest), basename(blob));
  }
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

const unreadable = (path: string, error: unknown): Promise<never> =>
  Promise.reject(new InvalidOptionsError([`${path} cannot be read: ${String(codeOf(error))}`]));
