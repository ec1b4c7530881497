/** The health checks: a cheap call that has to authenticate, or one wrap and unwrap of random bytes. */
import type { AbortSignalLike } from '@azure/abort-controller';
import { equalBytes } from '../../crypto/bytes.js';
import { generateContentKey, wipe } from '../../crypto/content-key.js';
import { type IntegrityMode, integrityOf } from '../../envelope/integrity/integrity-options.js';
import { keyToWrap } from '../../envelope/key-choice.js';
import { requestUnwrap, requestWrap } from '../../envelope/key-request.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { KeyDisabledError, KeyMissingError, KeyNotFoundError, KeyUnwrapError } from '../../errors/keys.js';
import type { EncryptionTarget, KeyEncryptionKey, KeyOperationOptions } from '../../keys/key-encryption-key.js';
import { statusOf } from '../../service-errors.js';
import { versionWarnings } from '../../keys/vault/version-warnings.js';
import type { EncryptionPolicies, ServiceKind } from '../options/encryption-policies.js';
import type { StorageClients } from '../options/storage-clients.js';

/** `key` wraps and unwraps; the others send a request to a service. */
export type StorageHealthCheck = ServiceKind | 'key';

/** What is checked: one account, under the policies of the module. */
export interface HealthSubject {
  readonly clients: StorageClients;
  readonly policies: EncryptionPolicies;
}

interface CheckCall {
  readonly abortSignal: AbortSignalLike;
  readonly keyTarget?: EncryptionTarget;
}

const SERVICES = ['blob', 'queue', 'table'] as const;
/** A table that need not exist: a 404 proves that authentication succeeded. */
const PROBE = 'EncryptedStorageHealth';

/** Resolves if the check passes, and rejects with the error otherwise. */
export const checks: Readonly<Record<StorageHealthCheck, (subject: HealthSubject, call: CheckCall) => Promise<void>>> =
  {
    key: checkKeys,
    blob: async ({ clients }, { abortSignal }) => {
      await clients.blobs().listContainers({ abortSignal }).byPage({ maxPageSize: 1 }).next();
    },
    queue: async ({ clients }, { abortSignal }) => {
      await clients.queues().listQueues({ abortSignal }).byPage({ maxPageSize: 1 }).next();
    },
    table: async ({ clients }, { abortSignal }) => {
      try {
        await clients.table(PROBE).getEntity(PROBE, PROBE, { abortSignal });
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    },
  };

/** Everything that can be checked here: the services of the connection, and the keys if they can be determined. */
export function possibleChecks(
  { clients, policies }: HealthSubject,
  keyTarget?: EncryptionTarget,
): StorageHealthCheck[] {
  const services: Readonly<Record<ServiceKind, () => unknown>> = {
    blob: clients.blobs,
    queue: clients.queues,
    table: () => clients.table(PROBE),
  };
  const known = SERVICES.filter((kind) => isKnown(services[kind]));
  return [...(keysToCheck(policies, keyTarget).length > 0 ? (['key'] as const) : []), ...known];
}

function isKnown(client: () => unknown): boolean {
  try {
    client();
    return true;
  } catch {
    return false;
  }
}

async function checkKeys({ policies }: HealthSubject, { abortSignal, keyTarget: target }: CheckCall): Promise<void> {
  const operation = { abortSignal, target };
  const writing = keysToCheck(policies, target);
  if (writing.length === 0) throw nothingToCheck(policies);
  const found = await Promise.all(writing.map(async (each) => ({ ...each, key: await each.find(operation) })));
  // a key that several services share is checked once
  for (const one of new Map(found.map((each) => [each.key, each])).values()) await checkKey(one, operation);
}

/** If the version that writes was disabled, the vault is asked at once which version writes now. */
async function checkKey({ key, find, reader, renew }: FoundKey, operation: KeyOperationOptions): Promise<void> {
  try {
    await roundTrip(key, reader, operation);
  } catch (error) {
    if (!(error instanceof KeyDisabledError) || renew === undefined) throw error;
    await renew().catch(() => {
      throw error;
    });
    await roundTrip(await find(operation), reader, operation);
  }
}

interface KeyToCheck {
  /** The key that writes at the moment. */
  readonly find: (operation: KeyOperationOptions) => KeyEncryptionKey | Promise<KeyEncryptionKey>;
  /** The key that reads what `key` wrapped under this id. */
  readonly reader: (key: KeyEncryptionKey, keyId: string) => KeyEncryptionKey;
  /** Looks up again which version writes. */
  readonly renew?: () => Promise<void>;
}

interface FoundKey extends KeyToCheck {
  readonly key: KeyEncryptionKey;
}

const itself: KeyToCheck['reader'] = (key) => key;

/** The keys that write. A function that chooses a key is called only for a target of its own kind. */
function keysToCheck(policies: EncryptionPolicies, keyTarget: EncryptionTarget | undefined): readonly KeyToCheck[] {
  return SERVICES.flatMap((kind) => {
    const { keyEncryptionKey: key, keyVault } = policies[kind];
    if (typeof key === 'function') {
      if (keyTarget?.kind !== kind) return [];
      return { find: () => keyToWrap(policies[kind], { target: keyTarget }), reader: itself };
    }
    if (key !== undefined) return { find: () => key, reader: itself };
    if (keyVault?.canWrite !== true) return [];
    // looked up as in a read, by the id that would be stored
    const reader: KeyToCheck['reader'] = (_key, keyId) => {
      const found = keyVault.resolve(keyId);
      if (found === null) throw new KeyNotFoundError(keyId);
      return found;
    };
    return { find: (operation) => keyVault.current(operation), reader, renew: () => keyVault.refresh() };
  });
}

function nothingToCheck(policies: EncryptionPolicies): Error {
  return hasChosenKeys(policies)
    ? new InvalidOptionsError(['a function chooses the key: set "keyTarget" to the target that it is chosen for'])
    : new KeyMissingError();
}

/** Whether a function chooses keys. It cannot be called without a target. */
export const hasChosenKeys = (policies: EncryptionPolicies): boolean =>
  SERVICES.some((kind) => typeof policies[kind].keyEncryptionKey === 'function');

/** How each service treats integrity entries. */
export function integrityModes({ policies }: HealthSubject): Readonly<Record<ServiceKind, IntegrityMode>> {
  const { blob, queue, table } = policies;
  return { blob: integrityOf(blob), queue: integrityOf(queue), table: integrityOf(table) };
}

/** Warnings about the keys in vaults that write today. */
export function keyWarnings({ policies }: HealthSubject): readonly string[] {
  const vaults = new Set(SERVICES.map((kind) => policies[kind].keyVault));
  return [...vaults].flatMap((vault) => (vault?.state === undefined ? [] : versionWarnings(vault.state, Date.now())));
}

/**
 * For a key that can only wrap, only wrapping is checked. The call does not wait for other calls, and its result is not cached.
 */
async function roundTrip(
  key: KeyEncryptionKey,
  reader: KeyToCheck['reader'],
  operation: KeyOperationOptions,
): Promise<void> {
  const bytes = generateContentKey();
  try {
    const wrapped = await requestWrap(key, Buffer.from(bytes), operation);
    if (key.canUnwrap === false) return;
    const unwrapped = await requestUnwrap(reader(key, wrapped.keyId), wrapped, operation);
    const isSame = equalBytes(bytes, unwrapped);
    wipe(unwrapped);
    if (!isSame) throw new KeyUnwrapError(key.keyId);
  } finally {
    wipe(bytes);
  }
}
