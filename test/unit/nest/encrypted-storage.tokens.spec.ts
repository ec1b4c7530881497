import { getEncryptedContainerToken, getEncryptedQueueToken, getEncryptedTableToken } from '../../../src/index.js';
import { optionsToken } from '../../../src/nest/injection/encrypted-storage.tokens.js';

const classNamed = (): new () => object => class Patient {};

describe('tokens', () => {
  it('are readable strings, because Nest prints them', () => {
    expect(optionsToken()).toMatch(/did you import EncryptedStorageModule\.forRoot\(\)\?/);
    expect(optionsToken('eu')).toMatch(/forRoot\({ name: 'eu' }\)/);
  });

  it.each([
    [
      getEncryptedContainerToken('scans', 'eu'),
      "EncryptedContainer:scans@eu (did this module import EncryptedStorageModule.forFeature({ containers: ['scans'] }, 'eu')?)",
    ],
    [
      getEncryptedQueueToken('letters'),
      "EncryptedQueue:letters (did this module import EncryptedStorageModule.forFeature({ queues: ['letters'] })?)",
    ],
    [
      getEncryptedTableToken(classNamed()),
      expect.stringMatching(
        /^EncryptedTable:Patient#\d+ \(did this module import .*forFeature\(\[Patient\]\)\?\)$/,
      ) as string,
    ],
  ])('explain what to import: %s', (token, text) => {
    expect(token).toEqual(text);
  });

  it('are equal for one class, and differ for two classes with the same name', () => {
    const [first, second] = [classNamed(), classNamed()];

    expect(getEncryptedTableToken(first)).toBe(getEncryptedTableToken(first));
    expect(getEncryptedTableToken(first)).not.toBe(getEncryptedTableToken(second));
    expect(getEncryptedTableToken(first, 'eu')).not.toBe(getEncryptedTableToken(first));
  });
});
