/** One request to a key, in its own span, with its failures as errors of this package. */
import { isUint8Array } from 'node:util/types';
import { equalBytes } from '../crypto/bytes.js';
import { copyOfKey } from '../crypto/content-key.js';
import { KeyUnwrapError, KeyWrapError } from '../errors/keys.js';
import type { KeyEncryptionKey, KeyOperationOptions, WrappedKey } from '../keys/key-encryption-key.js';
import { traced } from '../tracing/span.js';
import { asKeyError } from './key-error.js';

/** Wraps packed key bytes. Errors of other kinds become {@link KeyWrapError}. */
export function requestWrap(
  key: KeyEncryptionKey,
  packed: Uint8Array,
  operation: KeyOperationOptions = {},
): Promise<WrappedKey> {
  return traced('KeyEncryptionKey.wrapKey', operation, async (options, record) => {
    record({ keyId: key.keyId, wrapLocation: wrapLocationOf(key) });
    try {
      const { keyId, algorithm, encryptedKey } = await key.wrapKey(packed, options);
      const isComplete = isText(keyId) && isText(algorithm) && isUint8Array(encryptedKey) && encryptedKey.length > 0;
      if (!isComplete) throw new KeyWrapError(key.keyId);
      // the content key itself would be stored for everyone
      if (equalBytes(encryptedKey, packed)) throw new KeyWrapError(key.keyId);
      record({ keyId, wrapAlgorithm: algorithm });
      // a key class may reuse its memory for the next key before this one is stored
      return { keyId, algorithm, encryptedKey: Uint8Array.from(encryptedKey) };
    } catch (error) {
      throw asKeyError(error, { keyId: key.keyId, otherwise: (cause) => new KeyWrapError(key.keyId, { cause }) });
    }
  });
}

/** Without checks of types, a key class could make us store content that nobody can read. */
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

export const wrapLocationOf = ({ wrapsInProcess }: KeyEncryptionKey): 'process' | 'service' =>
  wrapsInProcess === true ? 'process' : 'service';

/** Unwraps to packed key bytes, which the caller wipes. Errors of other kinds become {@link KeyUnwrapError}. */
export function requestUnwrap(
  key: KeyEncryptionKey,
  wrapped: WrappedKey,
  operation: KeyOperationOptions = {},
): Promise<Uint8Array> {
  const { keyId, algorithm, encryptedKey } = wrapped;
  return traced('KeyEncryptionKey.unwrapKey', operation, async (options, record) => {
    record({ keyId, wrapAlgorithm: algorithm });
    try {
      return copyOfKey(await key.unwrapKey(encryptedKey, algorithm, options));
    } catch (error) {
      throw asKeyError(error, { keyId, otherwise: (cause) => new KeyUnwrapError(keyId, { cause }) });
    }
  });
}
