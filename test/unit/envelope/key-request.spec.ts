import { inspect } from 'node:util';
import { requestUnwrap, requestWrap } from '../../../src/envelope/key-request.js';
import type { KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';

/** Node.js quotes text that is not JSON in the message of the SyntaxError. */
const ANSWER = 'c2VjcmV0IGtleQ';
const parses = async (): Promise<never> => JSON.parse(ANSWER) as never;
const parsesAndExplains = (): Promise<never> =>
  parses().catch((cause: unknown) => {
    throw new Error(`the service failed: ${(cause as Error).message}`, { cause });
  });
const key: KeyEncryptionKey = { keyId: 'k', wrapKey: parses, unwrapKey: parsesAndExplains };

it.each([
  ['wrap', () => requestWrap(key, new Uint8Array(32))],
  ['unwrap', () => requestUnwrap(key, { keyId: 'k', algorithm: 'a', encryptedKey: new Uint8Array(40) })],
])(
  'an answer that the key class could not parse counts as none, and the error of a %s does not quote it',
  async (_what, request) => {
    const error = await request().then(
      () => new Error('nothing was thrown'),
      (thrown: unknown) => thrown as Error,
    );

    expect(error).toMatchObject({
      code: 'KEY_UNAVAILABLE',
      cause: { message: expect.stringContaining('is not JSON') as string },
    });
    expect(inspect(error, { showHidden: true })).not.toContain(ANSWER);
  },
);

describe('what a key class returns from a wrap', () => {
  const returning = (wrapKey: KeyEncryptionKey['wrapKey']): KeyEncryptionKey => ({ ...key, wrapKey });

  it('is copied, because the class may reuse the memory for the next key', async () => {
    const memory = Buffer.alloc(40);
    const reusing = returning(async (contentKey) => {
      memory.fill(contentKey[0] ?? 0);
      return { keyId: 'k', algorithm: 'a', encryptedKey: memory };
    });
    const first = await requestWrap(reusing, Buffer.alloc(32, 1));
    const second = await requestWrap(reusing, Buffer.alloc(32, 2));

    expect(first.encryptedKey).toEqual(new Uint8Array(40).fill(1));
    expect(second.encryptedKey).toEqual(new Uint8Array(40).fill(2));
  });

  it('is rejected if it is the content key itself, which would be stored for everyone to read', async () => {
    const leaking = returning(async (contentKey) => ({ keyId: 'k', algorithm: 'a', encryptedKey: contentKey }));

    await expect(requestWrap(leaking, Buffer.alloc(32, 1))).rejects.toMatchObject({ code: 'KEY_WRAP_FAILED' });
  });
});
