/** Logs events of vault keys to Nest's logger: rotations, and present or coming problems of the version that writes. */
import { Logger } from '@nestjs/common';
import { quoted } from '../../encoding/printable.js';
import type { KeyEvent } from '../../keys/key-event.js';
import { parseKeyVaultKeyId } from '../../keys/vault/key-id.js';
import { versionWarnings } from '../../keys/vault/version-warnings.js';

const logger = new Logger('EncryptedStorageModule');

export class KeyVaultLog {
  /** The version that writes, by the id of its key. */
  readonly #versions = new Map<string, string>();
  /** Warnings that were logged, by the id of their key, because a version is confirmed every few minutes. */
  readonly #warned = new Map<string, ReadonlySet<string>>();

  readonly heed = (event: KeyEvent): void => {
    if (event.kind === 'versionConfirmed') {
      const key = nameOf(event.keyId);
      this.#rotated(key, event.keyId);
      this.#warn(key, versionWarnings(event, Date.now()));
    } else if (event.kind === 'versionUnconfirmed') {
      const { keyId, code } = event;
      this.#warn(nameOf(keyId), [`key ${quoted(keyId)}: its vault did not confirm the version that writes: ${code}`]);
    }
  };

  #rotated(key: string, keyId: string): void {
    const former = this.#versions.get(key);
    this.#versions.set(key, keyId);
    if (former !== undefined && former !== keyId) logger.log(`key ${quoted(keyId)} writes from now on`);
  }

  #warn(key: string, warnings: readonly string[]): void {
    const known = this.#warned.get(key);
    this.#warned.set(key, new Set(warnings));
    for (const warning of warnings) if (known?.has(warning) !== true) logger.warn(warning);
  }
}

/** The id without a version. */
function nameOf(keyId: string): string {
  const { vaultUrl, name } = parseKeyVaultKeyId(keyId) ?? { vaultUrl: keyId, name: '' };
  return `${vaultUrl}/keys/${name}`;
}
