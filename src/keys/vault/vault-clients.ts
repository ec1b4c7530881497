import type { TokenCredential } from '@azure/core-auth';
import { isThrottled } from '../../service-errors.js';
import type { CryptographyClientLike } from './cryptography-client.js';
import type { KeyVaultVersionId } from './key-id.js';
import type { KeyVaultOptions } from './key-vault-options.js';
import type { KeyClientLike, KeyVaultSdk } from './key-vault-sdk.js';
import { markedCredential } from './marked-credential.js';

/** The part of an HTTP response that is used. */
interface VaultAnswer {
  readonly status: number;
  readonly headers?: { get?(name: string): string | undefined } | undefined;
}

/**
 * The retry policy of the SDK passes on errors that are not its own, so that only the pace of the vault decides when to retry.
 */
class VaultThrottledError extends Error {
  override readonly name = 'VaultThrottledError';
  readonly statusCode: number;

  constructor(readonly response: VaultAnswer) {
    super(`The vault answered ${response.status}: it receives too many requests`);
    this.statusCode = response.status;
  }
}

const NO_RETRY_WHEN_THROTTLED = {
  name: 'vaultThrottlingPolicy',
  sendRequest: async (request: unknown, next: (request: unknown) => Promise<VaultAnswer>): Promise<VaultAnswer> => {
    const answer = await next(request);
    if (isThrottled(answer.status)) throw new VaultThrottledError(answer);
    return answer;
  },
};

/** The SDK's clients of a `keyVault` option: one for each vault, and one for each version of a key. */
export class VaultClients {
  readonly #sdk: KeyVaultSdk;
  readonly #options: KeyVaultOptions;
  readonly #credential: TokenCredential;
  readonly #keyClients = new Map<string, KeyClientLike>();

  constructor(sdk: KeyVaultSdk, options: KeyVaultOptions) {
    this.#sdk = sdk;
    this.#options = options;
    this.#credential = markedCredential(options.credential);
  }

  /** The address that has the keys of a vault now, according to `aliases`. */
  addressOf(vaultUrl: string): string {
    const { aliases = {} } = this.#options;
    return Object.hasOwn(aliases, vaultUrl) ? (aliases[vaultUrl] as string) : vaultUrl;
  }

  ofVault(address: string): KeyClientLike {
    const { KeyClient } = this.#sdk;
    const known = this.#keyClients.get(address) ?? new KeyClient(address, this.#credential, this.#clientOptions());
    this.#keyClients.set(address, known);
    return known;
  }

  /**
   * A client that is created from only an id fetches no key: it needs no permission for that, and can read with expired versions.
   */
  ofVersion({ vaultUrl, name, version }: KeyVaultVersionId): CryptographyClientLike {
    const { CryptographyClient } = this.#sdk;
    const key = { id: `${this.addressOf(vaultUrl)}/keys/${name}/${version}`, name, properties: {} };
    return new CryptographyClient(key, this.#credential, this.#clientOptions());
  }

  /** A new object for each client, because the SDK modifies it. */
  #clientOptions(): object {
    const { clientOptions = {} } = this.#options;
    const ours = { policy: NO_RETRY_WHEN_THROTTLED, position: 'perRetry' };
    return { ...clientOptions, additionalPolicies: [...(clientOptions.additionalPolicies ?? []), ours] };
  }
}
