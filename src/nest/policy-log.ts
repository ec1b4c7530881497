/** What is in force, told once at start-up: by Nest's logger, and never more of a key than its id. */
import { Logger } from '@nestjs/common';
import { protocolToWrite } from '../envelope/encryption-policy.js';
import { encryptionFor, type ServiceKind, toPolicy } from './encryption-policies.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from './encrypted-storage.options.js';

const KINDS = ['blob', 'queue', 'table'] as const;
const logger = new Logger('EncryptedStorageModule');

/** `where` stands before each line: which account, or which feature. */
export function tellPolicies(
  options: EncryptedStorageModuleOptions,
  where: string,
  feature?: Partial<EncryptionOptions>,
): void {
  for (const kind of KINDS) tell(`${where}${kind}`, kind, encryptionFor(options, kind, feature));
}

function tell(subject: string, kind: ServiceKind, encryption: EncryptionOptions): void {
  const { requireEncryption = true } = encryption;
  const written = protocolToWrite(toPolicy(encryption), kind).version;
  const need = requireEncryption ? 'required' : 'not required';
  logger.log(`${subject}: protocol ${written}, ${writerOf(encryption)}, encryption ${need}`);
  if (kind !== 'table' && written === '1.0') {
    logger.warn(
      `${subject}: protocol 1.0 does not authenticate: changes of the content go unnoticed; choose 2.0 unless a legacy SDK must read it`,
    );
  }
  if (!requireEncryption) {
    logger.warn(
      `${subject}: plaintext in storage is handed through; set requireEncryption back to true after the migration`,
    );
  }
}

function writerOf({ keyEncryptionKey }: EncryptionOptions): string {
  if (keyEncryptionKey === undefined) return 'read-only';
  return typeof keyEncryptionKey === 'object'
    ? `key ${JSON.stringify(keyEncryptionKey.keyId)}`
    : 'a key chosen for each write';
}
