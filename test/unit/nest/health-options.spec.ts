import { EncryptedStorageHealthIndicator, type StorageHealthOptions } from '../../../src/index.js';

describe('the options of a health probe', () => {
  const faultsOf = (options: unknown): Promise<unknown> =>
    new EncryptedStorageHealthIndicator({} as never)
      .isHealthy('storage', options as StorageHealthOptions)
      .catch((error: unknown) => (error as { readonly faults: readonly string[] }).faults);

  it.each([Infinity, 2 ** 31, 0, NaN])(
    'reject a timeout of %d ms, which would make a timer fire at once',
    async (timeout) => {
      expect(await faultsOf({ checks: [], timeout })).toEqual([
        '"timeout" must be a whole number from 1 to 2147483647 milliseconds',
      ]);
    },
  );

  it('report all problems at once', async () => {
    expect(await faultsOf({ checks: ['blobs'], maxAge: -1, timout: 5 })).toEqual([
      '"checks" must be a list of key, blob, queue, table',
      '"maxAge" must be a number of milliseconds from 0',
      '"timout" is not an option: the options are timeout, maxAge, checks, keyTarget',
    ]);
  });
});
