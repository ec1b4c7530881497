import { getEncryptedTableToken, getEncryptedContainerToken } from '../../../src/index.js';
import { optionsToken } from '../../../src/nest/injection/encrypted-storage.tokens.js';

const classNamed = (): new () => object => class Patient {};

describe('tokens', () => {
  it('are strings that read well where Nest prints them', () => {
    expect(optionsToken()).toMatch(/did you import EncryptedStorageModule\.forRoot\(\)\?/);
    expect(optionsToken('eu')).toMatch(/forRoot\({ name: 'eu' }\)/);
    expect(getEncryptedContainerToken('scans', 'eu')).toBe('EncryptedContainer:scans@eu');
  });

  it('of one class are equal each time, of two classes of one name never', () => {
    const [first, second] = [classNamed(), classNamed()];

    expect(getEncryptedTableToken(first)).toBe(getEncryptedTableToken(first));
    expect(getEncryptedTableToken(first)).not.toBe(getEncryptedTableToken(second));
    expect(getEncryptedTableToken(first)).toMatch(/^EncryptedTable:Patient#\d+$/);
    expect(getEncryptedTableToken(first, 'eu')).not.toBe(getEncryptedTableToken(first));
  });
});
