/** One call to `CryptographyClient` of `@azure/keyvault-keys`, or to a client like it, and what may go wrong with it. */
import { KeyAlgorithmError, KeyUnwrapError } from '../../errors/keys.js';
import type { KeyOperationOptions, KeyWrapAlgorithm } from '../key-encryption-key.js';
import { keyServiceError } from '../key-service-error.js';

/** The part of `CryptographyClient` of `@azure/keyvault-keys` that is used; that class fits as it is. */
export interface CryptographyClientLike {
  readonly keyID?: string | undefined;
  /** `keyID` of the answer names the version of the key that wrapped. */
  wrapKey(
    algorithm: KeyWrapAlgorithm,
    key: Uint8Array,
    options?: KeyOperationOptions,
  ): Promise<{ readonly result: Uint8Array; readonly keyID?: string | undefined }>;
  /** Rejects with a status code if the vault refuses. */
  unwrapKey(
    algorithm: KeyWrapAlgorithm,
    encryptedKey: Uint8Array,
    options?: KeyOperationOptions,
  ): Promise<{ readonly result: Uint8Array }>;
}

/** What is passed on to a client of the SDK, which has no use for a target. */
export const clientCallOptions = ({ target: _unused, ...options }: KeyOperationOptions = {}): KeyOperationOptions =>
  options;

/** Stored name of a wrap algorithm and what Key Vault calls it. RSA1_5 is missing on purpose: its padding is an oracle. */
const ALGORITHMS: ReadonlyMap<string, KeyWrapAlgorithm> = new Map([
  ['A128KW', 'A128KW'],
  ['A192KW', 'A192KW'],
  ['A256KW', 'A256KW'],
  ['RSA-OAEP', 'RSA-OAEP'],
  ['RSA-OAEP-256', 'RSA-OAEP-256'],
  ['RSA', 'RSA-OAEP'],
]);

/** Names that a key in a vault may write. */
export const isVaultAlgorithm = (name: unknown): name is KeyWrapAlgorithm => ALGORITHMS.get(name as string) === name;

/** Longer than what the largest RSA key of Key Vault wraps, 512 bytes: the vault need not see it. */
const MAX_WRAPPED_LENGTH = 1024;

/** What is to be unwrapped, as it is stored. */
export interface StoredWrap {
  readonly keyId: string;
  readonly algorithm: string;
  readonly encryptedKey: Uint8Array;
}

/**
 * Unwraps in the vault, into memory of its own.
 *
 * @throws `KEY_ALGORITHM_NOT_ALLOWED`, `KEY_UNWRAP_FAILED`, and all that {@link keyServiceError} makes of an answer
 */
export async function unwrapBy(
  client: CryptographyClientLike,
  { keyId, algorithm, encryptedKey }: StoredWrap,
  options?: KeyOperationOptions,
): Promise<Uint8Array> {
  const known = ALGORITHMS.get(algorithm);
  if (known === undefined) throw new KeyAlgorithmError(keyId, algorithm);
  if (encryptedKey.length === 0 || encryptedKey.length > MAX_WRAPPED_LENGTH) throw new KeyUnwrapError(keyId);
  const result = await answerOf(keyId, () => client.unwrapKey(known, encryptedKey, clientCallOptions(options)));
  if (!isFilled(result)) throw new KeyUnwrapError(keyId, { cause: new Error(NO_BYTES) });
  return takeOut(result);
}

async function answerOf(keyId: string, call: () => Promise<{ readonly result: Uint8Array }>): Promise<unknown> {
  try {
    return (await call()).result;
  } catch (error) {
    throw keyServiceError(error, { keyId, refused: KeyUnwrapError });
  }
}

/** Neither a wrapped key nor a content key is empty, whatever a client answers. */
export const isFilled = (bytes: unknown): bytes is Uint8Array => bytes instanceof Uint8Array && bytes.length > 0;

export const NO_BYTES = 'The client of the key service answered without bytes';

/** The SDK decodes into memory that all of the process shares (Node's buffer pool): a content key must not stay there. */
function takeOut(result: Uint8Array): Uint8Array {
  const own = Uint8Array.from(result);
  if (result.buffer.byteLength > result.byteLength) result.fill(0);
  return own;
}
