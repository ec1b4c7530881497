/** The key for finding patients, from the configuration. */
import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { HmacSearchKey, type SearchKeys } from 'nestjs-azure-encrypted-storage';
import type { Environment } from '../configuration/environment.js';

const KEY_LENGTH = 32;

/** `CLINIC_SEARCH_KEY` is 32 bytes in base64. */
export function configuredSearchKeys({ CLINIC_SEARCH_KEY: given }: Pick<Environment, 'CLINIC_SEARCH_KEY'>): SearchKeys {
  return { write: HmacSearchKey.fromBase64(given ?? newKey()) };
}

function newKey(): string {
  new Logger('ClinicKeys').warn(
    'CLINIC_SEARCH_KEY is not set: using a new key, so later processes will not find patients added now',
  );
  return randomBytes(KEY_LENGTH).toString('base64');
}
