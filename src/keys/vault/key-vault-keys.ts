import { LRUCache } from 'lru-cache';
import { KeyDisabledError, KeyMissingError, KeyUnavailableError, KeyWrapError } from '../../errors/keys.js';
import { printable } from '../../encoding/printable.js';
import { traced } from '../../tracing/span.js';
import type { KeyEncryptionKey, KeyOperationOptions } from '../key-encryption-key.js';
import type { KeyEventListener } from '../key-event.js';
import { keyServiceError } from '../key-service-error.js';
import { CurrentVersion, type VersionClock, type WritingVersion } from './current-version.js';
import { type KeyVaultKeyId, keyVaultKeyIdsIn, type KeyVaultVersionId, parseKeyVaultKeyId } from './key-id.js';
import { DEFAULT_REFRESH, type KeyVaultOptions } from './key-vault-options.js';
import type { KeyClientLike, KeyVaultSdk, VaultKey } from './key-vault-sdk.js';
import { pacedClient } from './cryptography-client.js';
import { allVersions, isEnabled, isUsable } from './key-versions.js';
import { MissingVersions } from './missing-versions.js';
import { PacedVaults } from './paced-vaults.js';
import { VaultClients } from './vault-clients.js';
import { sharedPaces, type VaultPaces } from './vault-pace.js';
import { publicKeyOf, type VaultVersion, VaultKeyOfAnyVersion, VaultVersionKey } from './vault-version-key.js';

/** Passed in by policies without Nest, and by tests. */
export interface KeyVaultEnvironment {
  readonly paces?: VaultPaces;
  readonly clock?: VersionClock;
  /** Receives the events of the keys. Also used outside of tests. */
  readonly onEvent?: KeyEventListener;
}

/** What is known about the key that writes. */
export interface KeyVaultState {
  /** Id of the version that writes. */
  readonly keyId: string;
  readonly expiresOn: Date | undefined;
  /** Milliseconds since the vault confirmed it. */
  readonly age: number;
  /** Whether a deleted key can be destroyed permanently at once; `undefined` if the vault does not report it. */
  readonly isPurgeable: boolean | undefined;
  /** Id of the newest version, if it is disabled and an older one writes instead. */
  readonly insteadOf?: string | undefined;
}

/** Versions whose key objects are kept, and with them their entries in the unwrap cache. */
const KNOWN_VERSIONS = 1000;

/**
 * The keys of a `keyVault` option: the version that writes, which follows rotations, and one key for each stored id that may be
 * read. No request is sent before the first write or read.
 */
export class KeyVaultKeys {
  readonly #options: KeyVaultOptions;
  readonly #clients: VaultClients;
  readonly #vaults: PacedVaults;
  readonly #onEvent: KeyEventListener | undefined;
  readonly #current: CurrentVersion | undefined;
  readonly #readable: readonly KeyVaultKeyId[];
  readonly #missing: MissingVersions;
  readonly #date: () => number;
  readonly #known = new LRUCache<string, KeyEncryptionKey>({ max: KNOWN_VERSIONS });

  /** `options` have been checked. */
  constructor(options: KeyVaultOptions, sdk: KeyVaultSdk, environment: KeyVaultEnvironment = {}) {
    const { paces = sharedPaces, clock, onEvent } = environment;
    this.#options = options;
    this.#clients = new VaultClients(sdk, options);
    this.#vaults = new PacedVaults(paces, onEvent);
    this.#onEvent = onEvent;
    this.#date = () => clock?.date() ?? Date.now();
    const writing = options.key === undefined ? null : parseKeyVaultKeyId(options.key);
    // the version that writes does not limit which versions of its key may read
    this.#readable = [
      ...(writing === null ? [] : [{ ...writing, version: undefined }]),
      ...keyVaultKeyIdsIn(options.alsoRead),
    ];
    this.#missing = new MissingVersions((id, version) => this.#found(id, version), clock);
    const ask = writing && (() => this.#confirmed(writing));
    this.#current = ask === null ? undefined : new CurrentVersion(ask, options.refresh ?? DEFAULT_REFRESH, clock);
    const { requestsPerSecond } = options;
    const addresses = new Set(this.#readable.map(({ vaultUrl }) => this.#clients.addressOf(vaultUrl)));
    if (requestsPerSecond !== undefined) for (const url of addresses) this.#vaults.limit(url, requestsPerSecond);
  }

  /** Whether there is a key that writes. */
  get canWrite(): boolean {
    return this.#current !== undefined;
  }

  /** Id of the key that writes, as it was configured. */
  get writes(): string | undefined {
    return this.#options.key;
  }

  /** What is known about the version that writes, without a request. */
  get state(): KeyVaultState | undefined {
    const state = this.#current?.state;
    if (state === undefined) return undefined;
    return { ...factsOf(state.version), age: state.age };
  }

  /**
   * The version that writes; its id is the one that is stored.
   *
   * @throws `KEY_MISSING` if only reading is configured; `KEY_UNAVAILABLE`, `KEY_ACCESS_DENIED`, `KEY_DELETED`, `KEY_DISABLED` if
   * no version may write or the vault cannot be reached
   */
  async current(options?: KeyOperationOptions): Promise<KeyEncryptionKey> {
    if (this.#current === undefined) throw new KeyMissingError();
    return this.#current.key(options);
  }

  /** The key for a stored id, or `null` if it is not among those that may be read. Sends no request. */
  resolve(keyId: string): KeyEncryptionKey | null {
    const id = parseKeyVaultKeyId(keyId);
    if (id === null || !this.#mayRead(id)) return null;
    const known = this.#known.get(keyId);
    if (known !== undefined) return known;
    const { version } = id;
    const key =
      version === undefined ? this.#anyVersionOf(id) : new VaultVersionKey(this.#versionOf({ ...id, version }));
    this.#known.set(keyId, key);
    return key;
  }

  /** Looks up the newest version at once. Call it from a handler of the event `KeyNewVersionCreated`. */
  async refresh(): Promise<void> {
    await this.#current?.renew();
  }

  /** Releases its share of the rate of its vaults, and ends calls that wait for their turn with `KEY_UNAVAILABLE`. */
  close(): void {
    this.#vaults.close();
  }

  #mayRead(id: KeyVaultKeyId): boolean {
    const vaultUrls = [id.vaultUrl, this.#clients.addressOf(id.vaultUrl)];
    return this.#readable.some(
      ({ vaultUrl, name, version }) =>
        vaultUrls.includes(vaultUrl) && name === id.name && (version === undefined || version === id.version),
    );
  }

  #versionOf(id: KeyVaultVersionId): VaultVersion {
    const { keyId } = id;
    const { algorithm = 'RSA-OAEP', key, alsoRead = [] } = this.#options;
    const address = this.#clients.addressOf(id.vaultUrl);
    const asked = this.#clients.ofVersion(id);
    const client = pacedClient(asked, (call, options) => this.#vaults.run(address, call, options));
    // a version that the options name was not invented by the writer of the data
    const isInvented = async (options: KeyOperationOptions | undefined): Promise<boolean> =>
      ![key, ...alsoRead].includes(keyId) && this.#missing.isInvented(id, options);
    return { keyId, algorithm, client, isInvented };
  }

  #anyVersionOf(id: KeyVaultKeyId): KeyEncryptionKey {
    const { algorithm = 'RSA-OAEP' } = this.#options;
    return new VaultKeyOfAnyVersion(id.keyId, algorithm, (options) => this.#enabledVersions(id, options));
  }

  async *#enabledVersions(
    { keyId, vaultUrl, name }: KeyVaultKeyId,
    options: KeyOperationOptions | undefined,
  ): AsyncIterable<KeyEncryptionKey> {
    const versions = await this.#asked(keyId, vaultUrl, (client) => allVersions(client, name, options));
    for (const { version = '' } of versions.filter(isEnabled)) {
      const found = parseKeyVaultKeyId(`${vaultUrl}/keys/${name}/${version}`);
      const key = found === null ? null : this.resolve(found.keyId);
      if (key !== null) yield key;
    }
  }

  /** In a separate span, because many calls may wait for it, or none. */
  async #confirmed(writing: KeyVaultKeyId): Promise<WritingVersion> {
    try {
      return await traced('KeyVault.currentVersion', {}, async (_options, record) => {
        const version = await this.#writingVersion(writing).catch((error: unknown) =>
          this.#olderVersion(writing, error),
        );
        const facts = factsOf(version);
        record({ keyId: facts.keyId, keyExpiresOn: facts.expiresOn?.toISOString() });
        this.#onEvent?.({ kind: 'versionConfirmed', ...facts });
        return version;
      });
    } catch (error) {
      const { code = 'Error' } = error as { readonly code?: string };
      this.#onEvent?.({ kind: 'versionUnconfirmed', keyId: printable(writing.keyId), code });
      throw error;
    }
  }

  /** The newest version that is enabled and valid, for a key whose newest one is disabled. A pinned version has no substitute. */
  async #olderVersion(writing: KeyVaultKeyId, error: unknown): Promise<WritingVersion> {
    if (!(error instanceof KeyDisabledError) || writing.version !== undefined) throw error;
    const { keyId, vaultUrl, name } = writing;
    const listing = this.#asked(keyId, vaultUrl, (client) => allVersions(client, name));
    const versions = await listing.catch((failure: unknown) => {
      // an outage says nothing about the older version that writes now, but the disabled version must not write any more
      if (failure instanceof KeyUnavailableError && this.state?.keyId !== error.keyId) throw failure;
      return [];
    });
    const [newest] = versions;
    const older = versions.find((each) => isUsable(each, this.#date()));
    if (newest?.version === undefined || older?.version === undefined) throw error;
    const found = await this.#writingVersion({ ...writing, version: older.version });
    return newest === older ? found : { ...found, insteadOf: `${vaultUrl}/keys/${name}/${newest.version}` };
  }

  async #writingVersion(writing: KeyVaultKeyId): Promise<WritingVersion> {
    const { version } = writing;
    const found = await this.#found(writing, { version });
    const id = this.#idOf(found, writing);
    const { enabled, notBefore, expiresOn, recoveryLevel } = found.properties;
    if (enabled === false) throw new KeyDisabledError(id.keyId, 'disabled');
    const target = this.#versionOf(id);
    return { key: new VaultVersionKey(target, publicKeyOf(found, target)), notBefore, expiresOn, recoveryLevel };
  }

  #found({ keyId, vaultUrl, name }: KeyVaultKeyId, options: { version?: string | undefined }): Promise<VaultKey> {
    return this.#asked(keyId, vaultUrl, (client) => client.getKey(name, options));
  }

  /** The id that the vault returns is stored as a key id, so it is parsed as strictly as one from storage. */
  #idOf({ id, properties }: VaultKey, writing: KeyVaultKeyId): KeyVaultVersionId {
    const version = parseKeyVaultKeyId(id ?? '')?.version ?? properties.version;
    const parsed = parseKeyVaultKeyId(`${writing.vaultUrl}/keys/${writing.name}/${version ?? ''}`);
    if (parsed?.version === undefined) {
      throw new KeyWrapError(writing.keyId, { cause: new Error('The vault did not say which version the key has') });
    }
    return { ...parsed, version: parsed.version };
  }

  async #asked<Answer>(
    keyId: string,
    vaultUrl: string,
    ask: (client: KeyClientLike) => Promise<Answer>,
  ): Promise<Answer> {
    const address = this.#clients.addressOf(vaultUrl);
    try {
      return await this.#vaults.run(address, () => ask(this.#clients.ofVault(address)));
    } catch (error) {
      throw keyServiceError(error, { keyId, refused: KeyWrapError });
    }
  }
}

const factsOf = ({ key, expiresOn, recoveryLevel, insteadOf }: WritingVersion): Omit<KeyVaultState, 'age'> => ({
  keyId: key.keyId,
  expiresOn,
  isPurgeable: recoveryLevel?.includes('Purgeable'),
  insteadOf,
});
