import type { TokenCredential } from '@azure/core-auth';
import { LRUCache } from 'lru-cache';
import { KeyDisabledError, KeyMissingError, KeyWrapError } from '../../errors/keys.js';
import type { KeyEncryptionKey, KeyOperationOptions } from '../key-encryption-key.js';
import { keyServiceError } from '../key-service-error.js';
import { clientCallOptions } from './cryptography-client.js';
import { CurrentVersion, type VersionClock, type WritingVersion } from './current-version.js';
import { type KeyVaultKeyId, parseKeyVaultKeyId } from './key-id.js';
import { DEFAULT_REFRESH, type KeyVaultOptions } from './key-vault-options.js';
import type { KeyClientLike, KeyVaultSdk, VaultKey } from './key-vault-sdk.js';
import { markedCredential } from './marked-credential.js';
import { MissingVersions } from './missing-versions.js';
import { sharedPaces, type VaultAnswer, type VaultPace, type VaultPaces } from './vault-pace.js';
import { publicKeyOf, type VaultVersion, VaultKeyOfAnyVersion, VaultVersionKey } from './vault-version-key.js';

/** What tests hand in. */
export interface KeyVaultEnvironment {
  readonly paces?: VaultPaces;
  readonly clock?: VersionClock;
}

/** What is known of the key that writes. */
export interface KeyVaultState {
  /** Id of the version that writes. */
  readonly keyId: string;
  readonly expiresOn: Date | undefined;
  /** Milliseconds since the vault confirmed it. */
  readonly age: number;
}

/** Versions of which the key object is kept, and with it what the unwrap cache holds of them. */
const KNOWN_VERSIONS = 1000;

/**
 * The keys of a `keyVault` option: the version that writes, followed through rotations, and one key for each stored id that may be
 * read. Nothing is asked before the first write or read.
 */
export class KeyVaultKeys {
  readonly #options: KeyVaultOptions;
  readonly #sdk: KeyVaultSdk;
  readonly #paces: VaultPaces;
  readonly #current: CurrentVersion | undefined;
  readonly #readable: readonly KeyVaultKeyId[];
  readonly #missing: MissingVersions;
  readonly #known = new LRUCache<string, KeyEncryptionKey>({ max: KNOWN_VERSIONS });
  readonly #keyClients = new Map<string, KeyClientLike>();
  readonly #limits: readonly (() => void)[];
  readonly #credential: TokenCredential;

  /** `options` have been checked. */
  constructor(options: KeyVaultOptions, sdk: KeyVaultSdk, { paces = sharedPaces, clock }: KeyVaultEnvironment = {}) {
    this.#options = options;
    this.#sdk = sdk;
    this.#paces = paces;
    this.#credential = markedCredential(options.credential);
    const writing = options.key === undefined ? null : parseKeyVaultKeyId(options.key);
    // the version that writes does not limit which ones of its key are read
    this.#readable = [...(writing === null ? [] : [{ ...writing, version: undefined }]), ...idsOf(options.alsoRead)];
    this.#missing = new MissingVersions((id, version) => this.#found(id, version), clock);
    const ask = writing && (() => this.#writingVersion(writing));
    this.#current = ask === null ? undefined : new CurrentVersion(ask, options.refresh ?? DEFAULT_REFRESH, clock);
    const vaults = new Set(this.#readable.map(({ vaultUrl }) => this.#addressOf(vaultUrl)));
    const { requestsPerSecond } = options;
    this.#limits =
      requestsPerSecond === undefined ? [] : [...vaults].map((url) => this.#paces.of(url).limit(requestsPerSecond));
  }

  /** Whether there is a key that writes. */
  get canWrite(): boolean {
    return this.#current !== undefined;
  }

  /** Id of the key that writes, as it was configured. */
  get writes(): string | undefined {
    return this.#options.key;
  }

  /** What is known of the version that writes, without asking. */
  get state(): KeyVaultState | undefined {
    const state = this.#current?.state;
    if (state === undefined) return undefined;
    return { keyId: state.version.key.keyId, expiresOn: state.version.expiresOn, age: state.age };
  }

  /**
   * The version that writes; its id is the one that is stored.
   *
   * @throws `KEY_MISSING` where only reading is configured; `KEY_UNAVAILABLE`, `KEY_ACCESS_DENIED`, `KEY_DELETED`, `KEY_DISABLED`
   * where no version may write or the vault cannot be asked
   */
  async current(options?: KeyOperationOptions): Promise<KeyEncryptionKey> {
    if (this.#current === undefined) throw new KeyMissingError();
    return this.#current.key(options);
  }

  /** The key of a stored id, or `null` for one that is not among those that may be read. Asks nothing. */
  resolve(keyId: string): KeyEncryptionKey | null {
    const id = parseKeyVaultKeyId(keyId);
    if (id === null || !this.#mayRead(id)) return null;
    const known = this.#known.get(keyId);
    if (known !== undefined) return known;
    const key =
      id.version === undefined ? this.#anyVersionOf(id) : new VaultVersionKey(this.#versionOf(id, id.version));
    this.#known.set(keyId, key);
    return key;
  }

  /** Looks up at once which version is the newest, for a handler of the event `KeyNewVersionCreated`. */
  async refresh(): Promise<void> {
    await this.#current?.renew();
  }

  /** Gives up its part in the rate of its vaults. */
  close(): void {
    for (const release of this.#limits) release();
  }

  #mayRead(id: KeyVaultKeyId): boolean {
    const vaultUrls = [id.vaultUrl, this.#addressOf(id.vaultUrl)];
    return this.#readable.some(
      ({ vaultUrl, name, version }) =>
        vaultUrls.includes(vaultUrl) && name === id.name && (version === undefined || version === id.version),
    );
  }

  #addressOf(vaultUrl: string): string {
    const { aliases = {} } = this.#options;
    return Object.hasOwn(aliases, vaultUrl) ? (aliases[vaultUrl] as string) : vaultUrl;
  }

  /** A client that is made of an id alone fetches no key: it needs no permission for that, and reads what has expired. */
  #versionOf({ keyId, vaultUrl, name }: KeyVaultKeyId, version: string): VaultVersion {
    const address = this.#addressOf(vaultUrl);
    const { algorithm = 'RSA-OAEP' } = this.#options;
    const { CryptographyClient } = this.#sdk;
    const key = { id: `${address}/keys/${name}/${version}`, name, properties: {} };
    const pace = this.#paces.of(address);
    const client = new CryptographyClient(key, this.#credential, this.#clientOptions(pace));
    const isInvented = async (options: KeyOperationOptions | undefined): Promise<boolean> =>
      !this.#isConfigured(keyId) && this.#missing.isInvented({ keyId, vaultUrl, name, version }, options);
    return { keyId, algorithm, pace, client, isInvented };
  }

  /** A version that the options name was not invented by who stored it. */
  #isConfigured(keyId: string): boolean {
    const { key, alsoRead = [] } = this.#options;
    return key === keyId || alsoRead.includes(keyId);
  }

  #anyVersionOf(id: KeyVaultKeyId): KeyEncryptionKey {
    const { algorithm = 'RSA-OAEP' } = this.#options;
    return new VaultKeyOfAnyVersion(id.keyId, algorithm, (options) => this.#enabledVersions(id, options));
  }

  async *#enabledVersions(
    { keyId, vaultUrl, name }: KeyVaultKeyId,
    options: KeyOperationOptions | undefined,
  ): AsyncIterable<KeyEncryptionKey> {
    const versions = await this.#asked(keyId, vaultUrl, async (client) => {
      const all = [];
      for await (const properties of client.listPropertiesOfKeyVersions(name, clientCallOptions(options)))
        all.push(properties);
      return all;
    });
    const enabled = versions.filter((properties) => properties.enabled !== false);
    enabled.sort((a, b) => (b.createdOn?.getTime() ?? 0) - (a.createdOn?.getTime() ?? 0));
    for (const { version = '' } of enabled) {
      const found = parseKeyVaultKeyId(`${vaultUrl}/keys/${name}/${version}`);
      const key = found === null ? null : this.resolve(found.keyId);
      if (key !== null) yield key;
    }
  }

  async #writingVersion(writing: KeyVaultKeyId): Promise<WritingVersion> {
    const { version } = writing;
    const found = await this.#found(writing, version === undefined ? {} : { version });
    const id = this.#idOf(found, writing);
    const { enabled, notBefore, expiresOn } = found.properties;
    if (enabled === false) throw new KeyDisabledError(id.keyId, 'disabled');
    const target = this.#versionOf(id, id.version);
    return { key: new VaultVersionKey(target, publicKeyOf(found, target)), notBefore, expiresOn };
  }

  #found({ keyId, vaultUrl, name }: KeyVaultKeyId, options: { readonly version?: string }): Promise<VaultKey> {
    return this.#asked(keyId, vaultUrl, (client) => client.getKey(name, options));
  }

  /** What the vault says is stored as a key id, so it is read as strictly as one from storage. */
  #idOf({ id, properties }: VaultKey, writing: KeyVaultKeyId): KeyVaultKeyId & { readonly version: string } {
    const answered = parseKeyVaultKeyId(id ?? '');
    const version = answered?.version ?? properties.version;
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
    const address = this.#addressOf(vaultUrl);
    try {
      return await this.#paces.of(address).run(() => ask(this.#keyClient(address)));
    } catch (error) {
      throw keyServiceError(error, { keyId, refused: KeyWrapError });
    }
  }

  #keyClient(address: string): KeyClientLike {
    const { KeyClient } = this.#sdk;
    const known =
      this.#keyClients.get(address) ??
      new KeyClient(address, this.#credential, this.#clientOptions(this.#paces.of(address)));
    this.#keyClients.set(address, known);
    return known;
  }

  /** New for each client: the SDK writes into it. */
  #clientOptions(pace: VaultPace): object {
    const { clientOptions = {} } = this.#options;
    const policy = {
      name: 'vaultPacePolicy',
      sendRequest: async (request: unknown, next: (request: unknown) => Promise<VaultAnswer>): Promise<VaultAnswer> => {
        const answer = await next(request);
        pace.heed(answer);
        return answer;
      },
    };
    const additionalPolicies = [...(clientOptions.additionalPolicies ?? []), { policy, position: 'perRetry' }];
    return { ...clientOptions, additionalPolicies };
  }
}

const idsOf = (keyIds: readonly string[] = []): readonly KeyVaultKeyId[] =>
  keyIds.flatMap((keyId) => parseKeyVaultKeyId(keyId) ?? []);
