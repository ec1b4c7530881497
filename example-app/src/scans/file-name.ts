/** File names, kept unchanged. */
import { BadRequestException } from '@nestjs/common';
import type { IncomingFile } from 'nestjs-azure-encrypted-storage';

/**
 * The service does not keep a dot at the end. A name with characters that XML does not allow would break every listing.
 */
export const FILE_NAME = /^[^/\\\p{Cc}\p{Cs}\ufffe\uffff]{0,199}[^/\\.\p{Cc}\p{Cs}\ufffe\uffff]$/u;
export const FILE_NAME_FAULT = 'name must have 1 to 200 characters, except / and \\, and must not end with a dot';

/** The name of the file, as the client sent it. */
export function fileNameOf({ originalname }: IncomingFile): string {
  const name = utf8In(originalname) ?? originalname;
  if (!FILE_NAME.test(name)) throw new BadRequestException([FILE_NAME_FAULT]);
  return name;
}

/**
 * Multer reads the bytes of `filename` as Latin-1; browsers send UTF-8. It decodes `filename*` itself: `null` for such
 * a name.
 */
function utf8In(name: string): string | null {
  const bytes = Buffer.from(name, 'latin1');
  if (bytes.toString('latin1') !== name) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
