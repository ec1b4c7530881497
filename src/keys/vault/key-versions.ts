/** The versions of a key as its vault lists them, the newest first. */
import type { KeyOperationOptions } from '../key-encryption-key.js';
import { clientCallOptions } from './cryptography-client.js';
import type { KeyClientLike, VaultKeyProperties } from './key-vault-sdk.js';

export async function allVersions(
  client: KeyClientLike,
  name: string,
  options?: KeyOperationOptions,
): Promise<readonly VaultKeyProperties[]> {
  const versions: VaultKeyProperties[] = [];
  for await (const version of client.listPropertiesOfKeyVersions(name, clientCallOptions(options)))
    versions.push(version);
  return versions.sort((a, b) => (b.createdOn?.getTime() ?? 0) - (a.createdOn?.getTime() ?? 0));
}

/** Whether a version may write. `now` is in milliseconds since 1970. */
export const isUsable = (version: VaultKeyProperties, now: number): boolean =>
  isEnabled(version) &&
  (version.notBefore === undefined || version.notBefore.getTime() <= now) &&
  (version.expiresOn === undefined || version.expiresOn.getTime() > now);

export const isEnabled = ({ enabled }: VaultKeyProperties): boolean => enabled !== false;
