/** Options of integrity: their defaults, their limits, and the checks before a key is used. */
import { InvalidOptionsError } from '../../errors/input.js';
import { InvalidEncryptionDataError } from '../../errors/content.js';
import { ProtocolNotAllowedError } from '../../errors/integrity.js';
import type { EncryptionTarget } from '../../keys/key-encryption-key.js';
import { callable, choice, type LooseOptions, must, type RulesOf, wholeNumber } from '../../option-rules.js';
import { type ContentForm, type ContentLayout, MAX_REGION_LENGTH, type Protocol } from '../../protocol/protocol.js';
import { PROTOCOL_VERSIONS, protocolFor, protocolToWrite, type ProtocolVersion } from '../../protocol/registry.js';

/** What a policy requires of the integrity of what it reads, and what it binds new content to. */
export interface IntegrityOptions {
  /**
   * Whether content is written with integrity entries, which other SDKs ignore, and what is required of content that is read.
   * `'verify'` checks existing entries, and refuses content whose entries were removed. `'require'` also refuses content without
   * entries. `'off'` neither writes nor checks them.
   *
   * @defaultValue 'verify'
   */
  readonly integrity?: 'verify' | 'require' | 'off';
  /**
   * Protocol versions that blobs and messages are read in. Entities are always in 1.0. There is no 2.1 for messages: if it is
   * listed, they are read in 2.0.
   *
   * @defaultValue the family that is written: `'2.0'` and `'2.1'` for either of them, all versions for `'1.0'`
   */
  readonly readProtocols?: readonly ProtocolVersion[];
  /**
   * Maximum number of plaintext bytes in a region of protocol 2.1 that is read. A region is held in memory as a whole.
   *
   * @defaultValue 16,777,216, or `regionLength` if that is more
   */
  readonly maxRegionLength?: number;
  /**
   * Returns a text that content is bound to when it is written, and that must be the same when it is read, such as the tenant or
   * the name of the blob. Content that is copied to another context cannot be decrypted there. Not called if `integrity` is `'off'`.
   */
  readonly context?: (target: EncryptionTarget) => string;
}

const INTEGRITY_MODES = ['verify', 'require', 'off'] as const;
const DEFAULT_MAX_REGION_LENGTH = 16 * 1024 * 1024;

export const INTEGRITY: RulesOf<IntegrityOptions> = {
  integrity: choice(INTEGRITY_MODES),
  readProtocols: must(
    (value) => Array.isArray(value) && value.length > 0 && value.every((version) => isVersion(version)),
    `a list of one or more of ${PROTOCOL_VERSIONS.map((version) => `"${version}"`).join(', ')}`,
  ),
  maxRegionLength: wholeNumber(1, MAX_REGION_LENGTH, ' bytes'),
  context: callable,
};

const isVersion = (given: unknown): boolean => (PROTOCOL_VERSIONS as readonly unknown[]).includes(given);

/** Options that contradict each other. `path` is the path of their group. */
export const integrityConflicts = (
  { integrity, requireEncryption, maxRegionLength, regionLength }: LooseOptions,
  path: string,
): readonly string[] => [
  ...(integrity === 'require' && requireEncryption === false
    ? [`"${path}.integrity" cannot be "require" while "${path}.requireEncryption" is false`]
    : []),
  ...(Number(maxRegionLength) < Number(regionLength)
    ? [`"${path}.maxRegionLength" is less than "${path}.regionLength": what is written could not be read`]
    : []),
];

export type IntegrityMode = NonNullable<IntegrityOptions['integrity']>;

/** Throws {@link InvalidOptionsError} for any other value: in a policy in JavaScript, `'Require'` would only verify. */
export function integrityOf({ integrity = 'verify' }: IntegrityOptions): IntegrityMode {
  if (INTEGRITY_MODES.includes(integrity)) return integrity;
  throw new InvalidOptionsError(INTEGRITY.integrity.faults(integrity, 'integrity'));
}

/** Versions in which a policy reads blobs or messages. */
function isReadable(
  { protocol, readProtocols }: IntegrityOptions & { readonly protocol: ProtocolVersion },
  stored: Protocol,
  form: ContentForm,
): boolean {
  if (readProtocols === undefined) {
    const written = protocolFor(protocol);
    return !written.authenticates || stored.algorithm === written.algorithm;
  }
  return readProtocols.some(
    (version) =>
      version === stored.version || (form === 'message' && protocolToWrite(version, form).version === stored.version),
  );
}

/** Throws {@link ProtocolNotAllowedError} unless the policy reads that form of content in that version. */
export function assertReadable(
  policy: IntegrityOptions & { readonly protocol: ProtocolVersion },
  stored: Protocol,
  form: ContentForm,
): void {
  if (form !== 'entity' && !isReadable(policy, stored, form)) throw new ProtocolNotAllowedError(stored.version);
}

/** Throws {@link InvalidEncryptionDataError} for regions that would take more memory than the policy allows. */
export function assertRegionFits(
  { maxRegionLength, regionLength = 0 }: IntegrityOptions & { readonly regionLength?: number },
  { regionLength: chooser }: Protocol,
  { unitLength }: ContentLayout,
): void {
  if (chooser !== 'chosen') return;
  const most = maxRegionLength ?? Math.max(DEFAULT_MAX_REGION_LENGTH, regionLength);
  if (unitLength > most) {
    throw new InvalidEncryptionDataError(`its regions have ${unitLength} bytes, and "maxRegionLength" is ${most}`);
  }
}

/** The text that content of the target is bound to, or `null`. Throws {@link InvalidOptionsError} for anything but text. */
export function contextOf({ context }: IntegrityOptions, target: EncryptionTarget): string | null {
  if (context === undefined) return null;
  const text: unknown = context(target);
  // all lone surrogates have the same bytes
  if (typeof text === 'string' && text !== '' && text.isWellFormed()) return text;
  throw new InvalidOptionsError(['"context" must return a text that is not empty, in well-formed Unicode']);
}
