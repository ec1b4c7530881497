/** Names of files, kept as they are. */
import { BadRequestException } from '@nestjs/common';
import type { IncomingFile } from 'nestjs-azure-encrypted-storage';

/** The service does not keep a dot at the end. */
export const FILE_NAME = /^[^/\\\p{Cc}\p{Cs}]{0,199}[^/\\.\p{Cc}\p{Cs}]$/u;
export const FILE_NAME_FAULT = 'name has 1 to 200 characters, none of / and \\, and does not end with a dot';

/** The name that the client sent in UTF-8: Multer reads it as if it were Latin-1. */
export function fileNameOf({ originalname }: IncomingFile): string {
  const name = Buffer.from(originalname, 'latin1').toString();
  if (!FILE_NAME.test(name)) throw new BadRequestException([FILE_NAME_FAULT]);
  return name;
}
