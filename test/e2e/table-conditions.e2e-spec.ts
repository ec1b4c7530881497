/** Changing the values that a condition reads must never make the application store sealed values in plaintext. */
import { Encrypt, EncryptedEntity, type EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy, withoutEntries } from '../support/tables.js';

@EncryptedEntity({ table: 'stays', clear: '*' })
class Stay {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string;
  @Encrypt<Stay>({ when: (stay) => stay.isPrivate?.() === true }) room?: string;
  ward?: string;
  vip?: boolean;
  note?: string;
  /** Optional only for the compiler: entities to write do not need it. */
  isPrivate?(): boolean {
    return this.ward === 'private' || this.vip === true;
  }
}
/** Its condition reads every property. */
@EncryptedEntity({ table: 'stays', clear: '*' })
class Curious {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt<Curious>({ when: (stay) => JSON.stringify(stay).includes('private') }) room?: string;
  ward?: string;
  note?: string;
}

const tableName = uniqueTableName('conditions');
const stays = tableOf(Stay, tableName);
const raw = stays.unencryptedClient;
const refused = { code: 'DECRYPTION_FAILED' };
let count = 0;

async function stored(more: Partial<Stay>, policy: EncryptionPolicy = tablePolicy()) {
  const keys = { partitionKey: 'p', rowKey: `r${++count}` };
  await tableOf(Stay, tableName, policy).createEntity({ ...keys, name: 'Jane', ...more });
  return keys;
}
const roomOf = async ({ rowKey }: { rowKey: string }): Promise<unknown> => (await raw.getEntity('p', rowKey))['room'];
const sealed = expect.any(Uint8Array) as unknown;

beforeAll(() => stays.createTable());

it.each<readonly [string, Partial<Stay>, object]>([
  ['that seals a property', { ward: 'private', room: '12' }, { ward: 'open' }],
  ['that keeps a property clear', { ward: 'open', room: '12' }, { ward: 'other' }],
  ['of a missing property', { ward: 'private' }, { ward: 'open' }],
  ['that an accessor of the class reads', { ward: 'open', vip: true, room: '12' }, { vip: false }],
])('detects a changed value that a condition reads: one %s', async (_what, values, change) => {
  const keys = await stored(values);
  await raw.updateEntity({ ...keys, ...change }, 'Merge');

  await expect(stays.getEntity('p', keys.rowKey)).rejects.toMatchObject(refused);
  await expect(stays.updateEntity({ ...keys, room: '13' }, 'Merge')).rejects.toMatchObject(refused);
});

it('allows changes of values that no condition reads', async () => {
  const keys = await stored({ ward: 'open', room: '12', note: 'a' });
  await raw.updateEntity({ ...keys, note: 'b' }, 'Merge');

  expect(await stays.getEntity('p', keys.rowKey)).toMatchObject({ room: '12', note: 'b' });
});

it('lets a merge store a sealed property in plaintext if it names all values that the condition reads', async () => {
  const keys = await stored({ ward: 'private', vip: false, room: '12' });
  await stays.updateEntity({ ...keys, ward: 'open', vip: false }, 'Merge');

  expect(await roomOf(keys)).toBe('12');
  expect(await stays.getEntity('p', keys.rowKey)).toMatchObject({ room: '12', ward: 'open' });
});

it('lets a merge store it in plaintext if entries cover the values it does not name', async () => {
  const keys = await stored({ ward: 'open', vip: true, room: '12' });
  await stays.updateEntity({ ...keys, vip: false }, 'Merge');

  expect(await roomOf(keys)).toBe('12');
});

it.each<readonly [string, Partial<Stay>, object]>([
  ['added in plaintext', { ward: 'private', room: '12' }, { vip: false }],
  ['changed, if no entry covers it', { ward: 'private', vip: true, room: '12' }, { vip: false }],
])('keeps a property sealed if its condition would read a value that somebody %s', async (_what, values, change) => {
  const keys = await stored(values);
  await raw.updateEntity({ ...keys, ...change }, 'Merge');
  await stays.updateEntity({ ...keys, ward: 'open' }, 'Merge');

  expect(await roomOf(keys)).toEqual(sealed);
  expect(await stays.getEntity('p', keys.rowKey)).toMatchObject({ room: '12', ward: 'open' });
});

it('keeps a property sealed if its condition would read a value that somebody deleted', async () => {
  const keys = await stored({ ward: 'private', vip: true, room: '12' });
  const { vip: _vip, ...left } = await raw.getEntity('p', keys.rowKey);
  await raw.updateEntity({ ...left, ...keys }, 'Replace');
  await stays.updateEntity({ ...keys, ward: 'open' }, 'Merge');

  expect(await roomOf(keys)).toEqual(sealed);
});

it('seals a new value if its condition reads a changed value that no entry covers', async () => {
  const keys = await stored({ ward: 'private', vip: true });
  await raw.updateEntity({ ...keys, vip: false }, 'Merge');
  await stays.updateEntity({ ...keys, ward: 'open', room: '13' }, 'Merge');

  expect(await roomOf(keys)).toEqual(sealed);
  expect(await stays.getEntity('p', keys.rowKey)).toMatchObject({ room: '13' });
});

it('keeps a property sealed in a row without entries, whatever the row contains', async () => {
  const keys = await stored({ ward: 'private', room: '12' }, withoutEntries());
  await raw.updateEntity({ ...keys, ward: 'open', vip: false }, 'Merge');
  await stays.updateEntity({ ...keys, name: 'Joan' }, 'Merge');

  expect(await roomOf(keys)).toEqual(sealed);
});

it('covers every value that a condition reads, and keeps the property sealed in merges', async () => {
  const curious = tableOf(Curious, tableName);
  const keys = { partitionKey: 'p', rowKey: `r${++count}` };
  await curious.createEntity({ ...keys, room: '12', ward: 'open', note: 'a' });
  expect(await roomOf(keys)).toBe('12');
  await raw.updateEntity({ ...keys, note: 'b' }, 'Merge');
  await expect(curious.getEntity('p', keys.rowKey)).rejects.toMatchObject(refused);

  await curious.updateEntity({ ...keys, room: '12', ward: 'private', note: 'a' });
  await curious.updateEntity({ ...keys, ward: 'open' }, 'Merge');
  expect(await roomOf(keys)).toEqual(sealed);
  await curious.updateEntity({ ...keys, room: '12', ward: 'open' });
  expect(await roomOf(keys)).toBe('12');
});

it('rejects a value that a condition reads but cannot be signed, before any request', async () => {
  const keys = { partitionKey: 'p', rowKey: 'never', name: 'Jane', room: '12' };

  await expect(stays.createEntity({ ...keys, ward: '\ud800' })).rejects.toMatchObject({
    code: 'UNSUPPORTED_VALUE',
    propertyName: 'ward',
  });
  await expect(raw.getEntity('p', 'never')).rejects.toMatchObject({ statusCode: 404 });
});
