/** Logs the policies once at start-up, with Nest's logger. Of a key, only the id is logged. */
import { Logger } from '@nestjs/common';
import { quoted } from '../../encoding/printable.js';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import { integrityOf } from '../../envelope/integrity/integrity-options.js';
import { protocolToWrite } from '../../protocol/registry.js';
import type { EncryptionPolicies, ServiceKind } from './encryption-policies.js';

const KINDS = ['blob', 'queue', 'table'] as const;
const FORMS = { blob: 'stream', queue: 'message', table: 'entity' } as const;
const logger = new Logger('EncryptedStorageModule');

/** `where` is put before each line: the account or the feature. */
export function logPolicies(policies: EncryptionPolicies, where: string): void {
  for (const kind of KINDS) logPolicy(`${where}${kind}`, kind, policies[kind]);
}

function logPolicy(subject: string, kind: ServiceKind, policy: EncryptionPolicy): void {
  const { requireEncryption } = policy;
  const written = protocolToWrite(policy.protocol, FORMS[kind]);
  const need = requireEncryption ? 'required' : 'not required';
  const integrity = integrityOf(policy);
  logger.log(
    `${subject}: protocol ${written.version}, ${writerOf(policy)}, encryption ${need}, integrity "${integrity}"`,
  );
  if (integrity === 'off' && !written.authenticates) {
    logger.warn(
      `${subject}: protocol ${written.version} does not authenticate content, and integrity is "off", so changes go unnoticed; set it to "verify"`,
    );
  }
  if (kind === 'blob' && hasForeignId(policy)) {
    logger.warn(
      `${subject}: the key id has characters outside ASCII: the Java SDKs and the old .NET client cannot write blobs under it, though they read them`,
    );
  }
  if (!requireEncryption) {
    logger.warn(
      `${subject}: plaintext in storage is passed through; set requireEncryption back to true after the migration`,
    );
  }
}

/** Some SDKs send the id unescaped in a header, which the service rejects. */
const hasForeignId = ({ keyEncryptionKey }: EncryptionPolicy): boolean =>
  typeof keyEncryptionKey === 'object' && /[^\x20-\x7e]/.test(keyEncryptionKey.keyId);

function writerOf({ keyEncryptionKey, keyVault }: EncryptionPolicy): string {
  if (keyEncryptionKey === undefined) {
    return keyVault?.writes === undefined ? 'read-only' : `key ${quoted(keyVault.writes)} of a vault`;
  }
  return typeof keyEncryptionKey === 'object' ? `key ${quoted(keyEncryptionKey.keyId)}` : 'a key chosen for each write';
}
