/** Rules of a policy, for the whole account or for what one level overrides. */
import { INTEGRITY, integrityConflicts } from '../../envelope/integrity/integrity-options.js';
import { KEY_CALLS } from '../../envelope/key-call-options.js';
import {
  callable,
  choice,
  flag,
  group,
  isObject,
  type LooseOptions,
  type OptionRule,
  type RulesOf,
  wholeNumber,
} from '../../option-rules.js';
import { keyVaultRule } from '../../keys/vault/key-vault-options.js';
import { MAX_REGION_LENGTH } from '../../protocol/protocol.js';
import { PROTOCOL_VERSIONS, protocolFor, type ProtocolVersion } from '../../protocol/registry.js';
import type { EncryptionOptions } from './encrypted-storage.options.js';
import { readingKeys, searchKeys, writingKey } from './key-rules.js';

const MIN_REGION_LENGTH = 16;

const ENCRYPTION: RulesOf<EncryptionOptions> = {
  protocol: choice(PROTOCOL_VERSIONS),
  keyEncryptionKey: writingKey,
  keyVault: keyVaultRule,
  keyResolver: readingKeys,
  allowKey: callable,
  searchKeys,
  requireEncryption: flag,
  regionLength: wholeNumber(MIN_REGION_LENGTH, MAX_REGION_LENGTH, ' bytes'),
  ...KEY_CALLS,
  ...INTEGRITY,
};

/** The policy of the account, which has no level above to inherit from. */
export const wholePolicy: OptionRule = group(ENCRYPTION, (given, path) => [
  ...(given['protocol'] === undefined
    ? [`"${path}.protocol" has no default: choose one of ${named(PROTOCOL_VERSIONS)}`]
    : []),
  ...(hasKey(given)
    ? []
    : [`"${path}" has no key: give "keyEncryptionKey" or "keyVault" to write, "keyResolver" to read, or both`]),
  ...conflicts({ ...given, protocol: given['protocol'] ?? null }, path),
]);

/** What a service or a feature overrides. Members that it leaves out come from the level above. */
export const partOfPolicy: OptionRule = group(ENCRYPTION, conflicts);

function conflicts(given: LooseOptions, path: string): readonly string[] {
  return [...regionFaults(given, path), ...integrityConflicts(given, path), ...writerConflicts(given, path)];
}

/** A region length although the protocol that applies has no regions, or a fixed length. */
export function regionFaults({ protocol, regionLength }: LooseOptions, path: string): readonly string[] {
  if (regionLength === undefined || protocol === undefined || choosesRegions(protocol)) return [];
  return [`"${path}.regionLength" can be chosen in protocol ${named(PROTOCOL_VERSIONS.filter(choosesRegions))} only`];
}

export const choosesRegions = (protocol: unknown): boolean =>
  PROTOCOL_VERSIONS.includes(protocol as ProtocolVersion) &&
  protocolFor(protocol as ProtocolVersion).regionLength === 'chosen';

/** Two keys at one level, so that it would be unclear which one writes. */
function writerConflicts({ keyEncryptionKey, keyVault }: LooseOptions, path: string): readonly string[] {
  const hasBoth = keyEncryptionKey !== undefined && isObject(keyVault) && keyVault['key'] !== undefined;
  return hasBoth ? [`"${path}" has two keys that write: give "keyEncryptionKey" or "keyVault.key"`] : [];
}

const hasKey = ({ keyEncryptionKey, keyVault, keyResolver }: LooseOptions): boolean =>
  keyEncryptionKey !== undefined ||
  keyVault !== undefined ||
  (keyResolver !== undefined && !(Array.isArray(keyResolver) && keyResolver.length === 0));

const named = (versions: readonly string[]): string => versions.map((version) => `"${version}"`).join(', ');
