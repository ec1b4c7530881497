/** One call to `CryptographyClient` of `@azure/keyvault-keys`, or to a similar client, and its failures. */
import { KeyAlgorithmError, KeyUnwrapError, KeyWrapError } from '../../errors/keys.js';
import type { KeyOperationOptions, KeyWrapAlgorithm, WrappedKey } from '../key-encryption-key.js';
import { type KeyServiceCall, keyServiceError } from '../key-service-error.js';

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

/** Makes a call when the pace of its vault allows it. */
export type PacedRun = <Answer>(call: () => Promise<Answer>, options?: KeyOperationOptions) => Promise<Answer>;

/** The same client, whose calls keep the pace of their vault. */
export const pacedClient = (client: CryptographyClientLike, run: PacedRun): CryptographyClientLike => ({
  wrapKey: (algorithm, key, options) => run(() => client.wrapKey(algorithm, key, options), options),
  unwrapKey: (algorithm, key, options) => run(() => client.unwrapKey(algorithm, key, options), options),
});

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

interface NewWrap {
  readonly keyId: string;
  readonly algorithm: KeyWrapAlgorithm;
  readonly contentKey: Uint8Array;
}

/**
 * Wraps in the vault.
 *
 * @throws `KEY_WRAP_FAILED`, and the errors of {@link keyServiceError}
 */
export async function wrapBy(
  client: CryptographyClientLike,
  { keyId, algorithm, contentKey }: NewWrap,
  options?: KeyOperationOptions,
): Promise<WrappedKey> {
  const call = () => client.wrapKey(algorithm, contentKey, clientCallOptions(options));
  return { keyId, algorithm, encryptedKey: await answerOf(call, { keyId, refused: KeyWrapError }) };
}

/**
 * Unwraps in the vault, into separate memory.
 *
 * @throws `KEY_ALGORITHM_NOT_ALLOWED`, `KEY_UNWRAP_FAILED`, and the errors of {@link keyServiceError}
 */
export async function unwrapBy(
  client: CryptographyClientLike,
  { keyId, algorithm, encryptedKey }: WrappedKey,
  options?: KeyOperationOptions,
): Promise<Uint8Array> {
  const known = ALGORITHMS.get(algorithm);
  if (known === undefined) throw new KeyAlgorithmError(keyId, algorithm);
  if (encryptedKey.length === 0 || encryptedKey.length > MAX_WRAPPED_LENGTH) throw new KeyUnwrapError(keyId);
  const call = () => client.unwrapKey(known, encryptedKey, clientCallOptions(options));
  return takeOut(await answerOf(call, { keyId, refused: KeyUnwrapError }));
}

/** Neither a wrapped key nor a content key may be empty, whatever a client returns. */
async function answerOf(call: () => Promise<{ readonly result: unknown }>, asked: KeyServiceCall): Promise<Uint8Array> {
  let result: unknown;
  try {
    ({ result } = await call());
  } catch (error) {
    throw keyServiceError(error, asked);
  }
  if (result instanceof Uint8Array && result.length > 0) return result;
  throw new asked.refused(asked.keyId, { cause: new Error('The client of the key service returned no bytes') });
}

/** The SDK decodes into memory that the whole process shares (Node's buffer pool). A content key must not stay there. */
function takeOut(result: Uint8Array): Uint8Array {
  const own = Uint8Array.from(result);
  if (result.buffer.byteLength > result.byteLength) result.fill(0);
  return own;
}
