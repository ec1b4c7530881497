/** SHA-256 (FIPS 180-4), as 64 hex digits in lower case. */
import { createHash } from 'node:crypto';

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
