/**
 * A key vault in this process: an HTTP client that the real clients of `@azure/keyvault-keys` send their requests through. It
 * keeps versions, their states and a log of the requests; tests can inject faults.
 */
import * as crypto from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import type { KeyVaultOptions } from '../keys/vault/key-vault-options.js';
import type { KeyVaultClientOptions } from '../keys/vault/key-vault-sdk.js';

type HttpClient = NonNullable<KeyVaultClientOptions['httpClient']>;
type HttpRequest = Parameters<HttpClient['sendRequest']>[0];
type HttpAnswer = Awaited<ReturnType<HttpClient['sendRequest']>>;

/** What a client requests from a vault. */
export type VaultOperation = 'get' | 'versions' | 'wrapkey' | 'unwrapkey';

/** A request that a vault has answered. */
export interface VaultRequest {
  readonly operation: VaultOperation;
  readonly name: string;
  /** Empty if the request names no version. */
  readonly version: string;
}

/** A response of the service. */
export interface VaultAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface IncomingRequest {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

interface Version {
  readonly version: string;
  readonly kty: 'RSA' | 'oct-HSM';
  readonly material: Material;
  attributes: { enabled: boolean; exp?: number; nbf?: number; created: number; recoveryLevel?: string };
}

/** The key of one version. */
export interface Material {
  readonly rsa?: crypto.KeyObject;
  readonly secret?: Buffer;
}

const HASHES: Readonly<Record<string, string>> = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' };
const CHALLENGE = {
  'www-authenticate': 'Bearer authorization="https://login.example/t", resource="https://vault.azure.net"',
};
const IV = Buffer.alloc(8, 0xa6);
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** An answer of the service that is an error. */
export const refusal = (
  status: number,
  code: string,
  { inner, headers = {} }: { inner?: string; headers?: Readonly<Record<string, string>> } = {},
): VaultAnswer => ({
  status,
  headers,
  body: { error: { code, message: 'No.', innererror: inner === undefined ? undefined : { code: inner } } },
});

// generating RSA keys takes time, and it does not matter which one a version has
const made: crypto.KeyObject[] = [];
const rsaKey = (at: number): crypto.KeyObject =>
  (made[at] ??= crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

/**
 * A key vault in this process. Pass it as `clientOptions.httpClient` to the real clients of `@azure/keyvault-keys`, or pass `options(name)`
 * as the option `keyVault` of the module. No request leaves the process.
 *
 * @example
 * ```ts
 * import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
 * import { InProcessVault } from 'nestjs-azure-encrypted-storage/testing';
 *
 * const vault = new InProcessVault();
 * vault.rotate('clinic');
 *
 * export const storage = EncryptedStorageModule.forRoot({
 *   connection: { connectionString: process.env['AZURE_STORAGE_CONNECTION_STRING'] ?? '' },
 *   encryption: { protocol: '2.0', keyVault: vault.options('clinic') },
 * });
 * ```
 */
export class InProcessVault implements HttpClient {
  /** The requests and their answers, without the challenges that precede them. */
  readonly requests: VaultRequest[] = [];
  /** Called before each answer. If it returns an answer, that one is sent instead of the vault's. */
  fault: (request: VaultRequest) => VaultAnswer | undefined | Promise<VaultAnswer | undefined> = () => undefined;
  tokenError: Error | undefined;
  readonly #keys = new Map<string, Version[]>();
  #made = 0;

  constructor(readonly url = 'https://clinic.vault.azure.net') {}

  /** Creates a new version of a key, and returns its id. */
  rotate(name: string, { kty = 'RSA', material }: { kty?: Version['kty']; material?: Material } = {}): string {
    const version = crypto.randomBytes(16).toString('hex');
    const own = kty === 'RSA' ? { rsa: rsaKey(this.#made % 4) } : { secret: crypto.randomBytes(32) };
    const attributes = { enabled: true, created: seconds(Date.now()) + this.#made };
    this.#made += 1;
    this.#keys.set(name, [...(this.#keys.get(name) ?? []), { version, kty, material: material ?? own, attributes }]);
    return `${this.url}/keys/${name}/${version}`;
  }

  /** The id of a key without a version. */
  idOf(name: string): string {
    return `${this.url}/keys/${name}`;
  }

  /** Disables a version of a key, or enables it again. */
  disable(keyId: string, enabled = false): void {
    this.#versionOf(keyId).attributes.enabled = enabled;
  }

  /** Lets a version expire at a time, by default a second ago. */
  expire(keyId: string, at = Date.now() - 1000): void {
    this.#versionOf(keyId).attributes.exp = seconds(at);
  }

  /** Sets how the vault lets a deleted key be recovered. */
  setRecoveryLevel(keyId: string, level: string): void {
    this.#versionOf(keyId).attributes.recoveryLevel = level;
  }

  /** Deletes a key with all of its versions. */
  delete(name: string): void {
    this.#keys.delete(name);
  }

  /** The secret of a version, so that a test can compare what it unwraps. */
  materialOf(keyId: string): Material {
    return this.#versionOf(keyId).material;
  }

  /** The number of requests for this operation that the vault has received. */
  count(operation: VaultOperation): number {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  readonly credential: TokenCredential = {
    getToken: async () => {
      if (this.tokenError !== undefined) throw this.tokenError;
      return { token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };

  /** The `keyVault` option for a key of this vault. */
  options(name: string, more: Partial<KeyVaultOptions> = {}): KeyVaultOptions {
    return { key: this.idOf(name), credential: this.credential, clientOptions: { httpClient: this }, ...more };
  }

  async sendRequest(request: HttpRequest): Promise<HttpAnswer> {
    const {
      status,
      body,
      headers = {},
    } = await this.answer({
      url: request.url,
      authorization: request.headers.get('authorization'),
      body: typeof request.body === 'string' ? request.body : '',
    });
    const all = new Map(Object.entries({ 'content-type': 'application/json', ...headers }));
    const answered = {
      get: (name: string) => all.get(name.toLowerCase()),
      has: (name: string) => all.has(name.toLowerCase()),
      toJSON: () => Object.fromEntries(all),
      [Symbol.iterator]: () => all.entries(),
    };
    const bodyAsText = body === undefined ? '' : JSON.stringify(body);
    return { request, status, headers: answered, bodyAsText } as unknown as HttpAnswer;
  }

  /** The vault's answer to a request. Without a token it is the challenge, as from a real vault. */
  async answer({ url, authorization, body }: IncomingRequest): Promise<VaultAnswer> {
    if (authorization === undefined) return { status: 401, headers: CHALLENGE };
    const asked = requestOf(new URL(url));
    this.requests.push(asked);
    return (await this.fault(asked)) ?? this.#honest(asked, body);
  }

  #honest({ operation, name, version }: VaultRequest, body: string): VaultAnswer {
    const versions = this.#keys.get(name) ?? [];
    if (operation === 'versions') return { status: 200, body: { value: versions.map((one) => this.#item(name, one)) } };
    const found = version === '' ? versions.at(-1) : versions.find((one) => one.version === version);
    if (found === undefined) return refusal(404, 'KeyNotFound');
    if (!found.attributes.enabled) return refusal(403, 'Forbidden', { inner: 'KeyDisabled' });
    if (operation === 'get')
      return { status: 200, body: { ...this.#item(name, found), key: this.#public(name, found) } };
    const isExpired = (found.attributes.exp ?? Infinity) * 1000 < Date.now();
    // an expired version still unwraps
    if (isExpired && operation === 'wrapkey') return refusal(403, 'Forbidden', { inner: 'KeyExpired' });
    return this.#used(found, operation, { name, body });
  }

  #used(found: Version, operation: VaultOperation, { name, body }: { name: string; body: string }): VaultAnswer {
    const { alg, value } = JSON.parse(body) as { alg: string; value: string };
    try {
      const result = converted(found.material, operation, { alg, bytes: Buffer.from(value, 'base64url') });
      const kid = `${this.url}/keys/${name}/${found.version}`;
      return { status: 200, body: { kid, value: result.toString('base64url') } };
    } catch {
      return refusal(400, 'BadParameter');
    }
  }

  #item(name: string, { version, attributes }: Version): object {
    return { kid: `${this.url}/keys/${name}/${version}`, attributes };
  }

  #public(name: string, { version, kty, material }: Version): object {
    const { n, e } = material.rsa === undefined ? {} : crypto.createPublicKey(material.rsa).export({ format: 'jwk' });
    return { kid: `${this.url}/keys/${name}/${version}`, kty, key_ops: ['wrapKey', 'unwrapKey'], n, e };
  }

  #versionOf(keyId: string): Version {
    const [name = '', version] = keyId.slice(`${this.url}/keys/`.length).split('/');
    const found = this.#keys.get(name)?.find((one) => one.version === version);
    if (found === undefined) throw new Error(`The vault has no key ${keyId}`);
    return found;
  }
}

function requestOf({ pathname }: URL): VaultRequest {
  const [, , name = '', version = '', operation = 'get'] = pathname.split('/');
  if (version === 'versions') return { operation: 'versions', name, version: '' };
  return { operation: operation as VaultOperation, name, version };
}

function converted(
  { rsa, secret = Buffer.alloc(0) }: Material,
  operation: VaultOperation,
  { alg, bytes }: { alg: string; bytes: Buffer },
): Buffer {
  const wraps = operation === 'wrapkey';
  if (rsa !== undefined) {
    const key = { key: rsa, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: HASHES[alg] as string };
    return wraps ? crypto.publicEncrypt(key, bytes) : crypto.privateDecrypt(key, bytes);
  }
  const make = wraps ? crypto.createCipheriv : crypto.createDecipheriv;
  const cipher = make('id-aes256-wrap', secret, IV);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}
