/** One call to `CryptographyClient` of `@azure/keyvault-keys`, or to a similar client, and its failures. */
import { KeyAlgorithmError, KeyUnwrapError } from '../../errors/keys.js';
import type { KeyOperationOptions, KeyWrapAlgorithm } from '../key-encryption-key.js';
import { keyServiceError } from '../key-service-error.js';

/** The part of `CryptographyClient` of `@azure/keyvault-keys` that is used. The class itself can be passed. */
export interface CryptographyClientLike {
  readonly keyID?: string | undefined;
  /** `keyID` of the result names the version of the key that wrapped. */
  wrapKey(
    algorithm: KeyWrapAlgorithm,
    key: Uint8Array,
    options?: KeyOperationOptions,
  ): Promise<{ readonly result: Uint8Array; readonly keyID?: string | undefined }>;
  /** Rejects with a status code if the vault rejects the request. */
  unwrapKey(
    algorithm: KeyWrapAlgorithm,
    encryptedKey: Uint8Array,
    options?: KeyOperationOptions,
  ): Promise<{ readonly result: Uint8Array }>;
}

/** The options for a client of the SDK, which does not use a target. */
export const clientCallOptions = ({ target: _unused, ...options }: KeyOperationOptions = {}): KeyOperationOptions =>
  options;

/** The stored name of a wrap algorithm, and its name in Key Vault. RSA1_5 is deliberately missing: its padding is an oracle. */
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

/** Longer than anything that the largest RSA key of Key Vault wraps (512 bytes), so more is not sent to the vault. */
const MAX_WRAPPED_LENGTH = 1024;

/** A wrapped key as it is stored. */
interface StoredWrap {
  readonly keyId: string;
  readonly algorithm: string;
  readonly encryptedKey: Uint8Array;
}

/**
 * Unwraps in the vault, into separate memory.
 *
 * @throws `KEY_ALGORITHM_NOT_ALLOWED`, `KEY_UNWRAP_FAILED`, and the errors of {@link keyServiceError}
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

/** Neither a wrapped key nor a content key may be empty, whatever a client returns. */
export const isFilled = (bytes: unknown): bytes is Uint8Array => bytes instanceof Uint8Array && bytes.length > 0;

export const NO_BYTES = 'The client of the key service returned no bytes';

/** The SDK decodes into memory that the whole process shares (Node's buffer pool). A content key must not stay there. */
function takeOut(result: Uint8Array): Uint8Array {
  const own = Uint8Array.from(result);
  if (result.buffer.byteLength > result.byteLength) result.fill(0);
  return own;
}
