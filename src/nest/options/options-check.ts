/** Checks options once, at start-up, and tells of all faults together. */
import { integrityFaults } from '../../envelope/integrity/integrity-options.js';
import { keyCallFaults } from '../../envelope/key-call-options.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { PROTOCOL_VERSIONS } from '../../protocol/registry.js';
import { MESSAGE_ENCODINGS } from '../../queue/message-encoding.js';
import { connectionFaults } from './connection-check.js';
import type {
  EncryptedStorageFeatures,
  EncryptedStorageModuleOptions,
  EncryptionOptions,
} from './encrypted-storage.options.js';
import { unknownEncryptionFaults, unknownFeatureFaults, unknownOptionFaults } from './unknown-options.js';

const MIN_REGION_LENGTH = 16;
const MAX_REGION_LENGTH = 1024 * 1024 * 1024;
const MAX_WORKERS = 64;

type Loose = Readonly<Record<string, unknown>>;

/** Throws {@link InvalidOptionsError} with every fault found. */
export function checkOptions(options: EncryptedStorageModuleOptions): void {
  const faults = isObject(options)
    ? [
        ...unknownOptionFaults(options),
        ...connectionFaults(options.connection),
        ...encryptionFaults(options.encryption, 'encryption', 'whole'),
        ...(['blob', 'queue', 'table'] as const).flatMap((kind) =>
          encryptionFaults(options[kind]?.encryption, `${kind}.encryption`, 'partial'),
        ),
        ...(['blob', 'queue', 'table'] as const).flatMap((kind) => strayRegionFaults(options, kind)),
        ...workerFaults(options.blob?.workers),
        ...encodingFaults(options.queue?.messageEncoding),
        ...(['queue', 'table'] as const).flatMap((kind) => handlerFaults(options[kind], kind)),
      ]
    : ['options are missing: give "connection" and "encryption"'];
  if (faults.length > 0) throw new InvalidOptionsError(faults);
}

/** The same for a feature module. */
export function checkFeatures(features: EncryptedStorageFeatures): void {
  const faults = [...unknownFeatureFaults(features), ...encryptionFaults(features.encryption, 'encryption', 'partial')];
  if (faults.length > 0) throw new InvalidOptionsError(faults);
}

/** A region length of a feature whose blobs turn out, with what it inherits, to be written in a protocol that has none. */
export function checkFeatureRegion(merged: EncryptionOptions, feature: Partial<EncryptionOptions> | undefined): void {
  if (feature?.regionLength === undefined || merged.protocol === '2.1') return;
  throw new InvalidOptionsError(['"encryption.regionLength" of forFeature can be chosen in protocol "2.1" only']);
}

function encryptionFaults(given: unknown, path: string, extent: 'whole' | 'partial'): readonly string[] {
  if (given === undefined && extent === 'partial') return [];
  if (!isObject(given)) return [`"${path}" is missing: give at least "protocol" and a key`];
  return [
    ...unknownEncryptionFaults(given, path),
    ...protocolFaults(given, path, extent),
    ...regionFaults(given, path, extent),
    ...keyFaults(given, path, extent),
    ...keyCallFaults(given, `${path}.`),
    ...integrityFaults(given, `${path}.`),
    ...(['undefined', 'boolean'].includes(typeof given['requireEncryption'])
      ? []
      : [`"${path}.requireEncryption" must be true or false`]),
  ];
}

function workerFaults(workers: unknown = 0): readonly string[] {
  const isCount = Number.isSafeInteger(workers) && (workers as number) >= 0 && (workers as number) <= MAX_WORKERS;
  return isCount ? [] : [`"blob.workers" must be a whole number from 0 to ${MAX_WORKERS}`];
}

function protocolFaults({ protocol }: Loose, path: string, extent: 'whole' | 'partial'): readonly string[] {
  if (protocol === undefined && extent === 'partial') return [];
  const choices = PROTOCOL_VERSIONS.map((version) => `"${version}"`).join(', ');
  if (protocol === undefined) return [`"${path}.protocol" has no default: choose one of ${choices}`];
  const isKnown = (PROTOCOL_VERSIONS as readonly unknown[]).includes(protocol);
  return isKnown ? [] : [`"${path}.protocol" must be one of ${choices}`];
}

function regionFaults({ protocol, regionLength }: Loose, path: string, extent: 'whole' | 'partial'): readonly string[] {
  if (regionLength === undefined) return [];
  const isLength =
    Number.isSafeInteger(regionLength) &&
    (regionLength as number) >= MIN_REGION_LENGTH &&
    (regionLength as number) <= MAX_REGION_LENGTH;
  const hasProtocol = protocol === '2.1' || (protocol === undefined && extent === 'partial');
  return [
    ...(isLength ? [] : [`"${path}.regionLength" must be from ${MIN_REGION_LENGTH} to ${MAX_REGION_LENGTH} bytes`]),
    ...(hasProtocol ? [] : [`"${path}.regionLength" can be chosen in protocol "2.1" only`]),
  ];
}

/** A region length that one service chooses for itself, while it inherits a protocol that has none. */
function strayRegionFaults(
  { encryption, ...services }: EncryptedStorageModuleOptions,
  kind: 'blob' | 'queue' | 'table',
): readonly string[] {
  const own = services[kind]?.encryption;
  const isStray =
    own?.regionLength !== undefined &&
    own.protocol === undefined &&
    isObject(encryption) &&
    isOther(encryption.protocol);
  return isStray ? [`"${kind}.encryption.regionLength" can be chosen in protocol "2.1" only`] : [];
}

const isOther = (protocol: unknown): boolean => protocol !== undefined && protocol !== '2.1';

function keyFaults(
  { keyEncryptionKey, keyResolver, allowKey }: Loose,
  path: string,
  extent: 'whole' | 'partial',
): readonly string[] {
  const canRead = keyResolver !== undefined && !(Array.isArray(keyResolver) && keyResolver.length === 0);
  const hasNone = keyEncryptionKey === undefined && !canRead && extent === 'whole';
  return [
    ...(hasNone ? [`"${path}" has no key: give "keyEncryptionKey" to write, "keyResolver" to read, or both`] : []),
    ...(keyEncryptionKey === undefined || typeof keyEncryptionKey === 'function'
      ? []
      : oneKeyFaults(keyEncryptionKey, `${path}.keyEncryptionKey`)),
    ...resolverFaults(keyResolver, `${path}.keyResolver`),
    ...(['undefined', 'function'].includes(typeof allowKey) ? [] : [`"${path}.allowKey" must be a function`]),
  ];
}

function resolverFaults(keyResolver: unknown, path: string): readonly string[] {
  if (keyResolver === undefined || typeof keyResolver === 'function') return [];
  if (!Array.isArray(keyResolver))
    return [`"${path}" must be a function ("resolve" of a KeyRing is one) or a list of keys`];
  return [
    ...keyResolver.flatMap((key: unknown, index) => oneKeyFaults(key, `${path}[${index}]`)),
    ...doubleIds(keyResolver).map((id) => `"${path}" has two keys with the id ${JSON.stringify(id)}`),
  ];
}

/** In one pass: a list may hold a key for each of many tenants. */
function doubleIds(keys: readonly unknown[]): readonly unknown[] {
  const seen = new Set<unknown>();
  const doubles: unknown[] = [];
  for (const key of keys) {
    const id = isObject(key) ? key['keyId'] : undefined;
    if (id !== undefined && seen.has(id)) doubles.push(id);
    seen.add(id);
  }
  return doubles;
}

function oneKeyFaults(key: unknown, path: string): readonly string[] {
  if (!isObject(key)) return [`"${path}" must be a key with keyId, wrapKey and unwrapKey`];
  return [
    ...(typeof key['keyId'] === 'string' && key['keyId'] !== '' ? [] : [`"${path}" has no keyId`]),
    ...['wrapKey', 'unwrapKey']
      .filter((method) => typeof key[method] !== 'function')
      .map((method) => `"${path}" has no method ${method}`),
  ];
}

function encodingFaults(encoding: unknown): readonly string[] {
  if (encoding === undefined || (MESSAGE_ENCODINGS as readonly unknown[]).includes(encoding)) return [];
  return [`"queue.messageEncoding" must be one of ${MESSAGE_ENCODINGS.map((name) => `"${name}"`).join(', ')}`];
}

function handlerFaults(
  options: { readonly onDecryptionFailed?: unknown } | undefined,
  kind: string,
): readonly string[] {
  const isHandler = ['undefined', 'function'].includes(typeof options?.onDecryptionFailed);
  return isHandler ? [] : [`"${kind}.onDecryptionFailed" must be a function`];
}

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null;
