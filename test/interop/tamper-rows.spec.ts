/** The tamper matrix for rows with integrity entries: every change is detected, and nothing of the row is released. */
import { Encrypt, EncryptedEntity, type EncryptionPolicy, Sign } from 'nestjs-azure-encrypted-storage';
import type { EntityKeys, Row, TableContext } from '../../src/table/entity-context.js';
import { openEntity, sealEntity } from '../../src/table/entity-envelope.js';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { tablePolicy } from '../support/tables.js';
import { type Code, ENTRIES, entryRows, FAILED, MISSING, text, without, withTag } from '../support/tamper-matrix.js';

@EncryptedEntity<Invoice>({ table: 'invoices', clear: ['note', 'seen', 'region'] })
class Invoice {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() iban?: string;
  @Encrypt() cents?: number;
  @Encrypt() memo?: string;
  @Encrypt<Invoice>({ when: ({ region }) => region !== 'open' }) owner?: string;
  @Sign() status?: string;
  @Sign() serial?: bigint;
  @Sign() due?: Date;
  region?: string;
  note?: string;
  seen?: number;
}

type Stored = Row & EntityKeys;
const [DATA, LIST] = [ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY];
const keys = { partitionKey: 'ab', rowKey: 'c' };
const whole: Invoice = {
  ...keys,
  iban: 'DE00 0001',
  cents: 12,
  memo: 'pay soon',
  owner: 'J. Doe',
  status: 'open',
  serial: 7n,
  due: new Date('2026-03-01T00:00:00.000Z'),
  region: 'open',
  note: 'free',
  seen: 3,
};
const contextOf = (policy: EncryptionPolicy): TableContext => ({
  ...{ policy, account: 'a', table: 'invoices', entityClass: Invoice },
});
const written = (more: Partial<Invoice> = {}, policy = tablePolicy()): Promise<Stored> =>
  sealEntity({ ...whole, ...more }, contextOf(policy));
const read = (row: Stored, mode: 'verify' | 'require' = 'verify'): Promise<object | null> =>
  openEntity(row, contextOf(tablePolicy({ integrity: mode })));

type Change = (row: Stored, other: Stored) => Stored;
const set =
  (more: Row): Change =>
  (row) => ({ ...row, ...more });
const drop =
  (...names: string[]): Change =>
  (row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name))) as Stored;
const from =
  (...names: string[]): Change =>
  (row, other) => ({ ...row, ...Object.fromEntries(names.map((name) => [name, other[name]])) });
const swap =
  (one: string, two: string): Change =>
  (row) => ({ ...row, [one]: row[two], [two]: row[one] });
const flip =
  (name: string): Change =>
  (row) => {
    const bytes = Buffer.from(row[name] as Uint8Array);
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    return { ...row, [name]: bytes };
  };
const data =
  (...[find, replace]: Parameters<typeof text>): Change =>
  (row, other) => ({ ...row, [DATA]: text(find, replace)(storedOf(row), storedOf(other)).text });
const storedOf = (row: Stored) => ({ text: String(row[DATA]), sealed: Buffer.from(row[LIST] as Uint8Array) });

const CLEAR: Code = 'PLAINTEXT_NOT_ALLOWED';
const BAD: Code = 'INVALID_ENCRYPTION_METADATA';

const rowChanges: readonly (readonly [what: string, change: Change, code: Code])[] = [
  // to other keys; with the second ones, the IVs of all properties are the same
  ['moved to another row', set({ rowKey: 'd' }), FAILED],
  ['moved to keys that are equal once concatenated', set({ partitionKey: 'b', rowKey: 'ca' }), FAILED],
  ['moved to another partition', set({ partitionKey: 'x' }), FAILED],

  // sealed properties
  ['a flipped sealed property', flip('iban'), FAILED],
  [
    'the last block of a sealed property cut off',
    (row) => ({ ...row, memo: (row['memo'] as Buffer).subarray(0, 0) }),
    FAILED,
  ],
  ['sealed properties exchanged', swap('iban', 'memo'), FAILED],
  ['a sealed property of another row', from('iban'), FAILED],
  ['a sealed property deleted', drop('iban'), FAILED],
  ['a sealed property emptied', set({ iban: null }), FAILED],
  ['a sealed property in plaintext', set({ iban: 'DE00 0002' }), FAILED],
  [
    'a sealed property as text of its bytes',
    (row) => ({ ...row, iban: (row['iban'] as Buffer).toString('base64') }),
    FAILED,
  ],
  ['a sealed property under another name', (row) => drop('iban')({ ...row, ibam: row['iban'] }, row), FAILED],

  // the list and the types
  ['a flipped list', flip(LIST), FAILED],
  ['the list of another row', from(LIST), FAILED],
  ['the list deleted', drop(LIST), FAILED],
  ['the list and all sealed properties deleted', drop(LIST, 'iban', 'cents', 'memo'), FAILED],
  ['the list and entries of another row', from(LIST, DATA), FAILED],
  ['types stripped', data(/,"AzCseTypes":"(?:[^"\\]|\\.)*"/, ''), FAILED],
  ['a type changed', data('\\"cents\\":\\"number\\"', '\\"cents\\":\\"bigint\\"'), FAILED],
  ['a type added', data('\\"cents\\":\\"number\\"', '\\"cents\\":\\"number\\",\\"memo\\":\\"json\\"'), FAILED],
  ['types that are not text', data(/"AzCseTypes":"(?:[^"\\]|\\.)*"/, '"AzCseTypes":7'), FAILED],

  // signed properties
  ['a signed text changed', set({ status: 'paid' }), FAILED],
  ['a signed text as another type', set({ status: true }), FAILED],
  ['a signed bigint as a number', set({ serial: 7 }), FAILED],
  ['a signed bigint as text', set({ serial: '7' }), FAILED],
  ['a signed date moved by a millisecond', set({ due: new Date('2026-03-01T00:00:00.001Z') }), FAILED],
  ['a signed property deleted', drop('status'), FAILED],
  ['a signed property emptied', set({ status: null }), FAILED],
  ['a signed property as a value that cannot be signed', set({ status: NaN }), FAILED],
  ['a signed property under another name', (row) => drop('status')({ ...row, state: row['status'] }, row), FAILED],
  ['signed values exchanged', swap('status', 'serial'), FAILED],
  ['a signed value of another row', from('status'), FAILED],
  ['a sealed value put into a signed property', (row) => ({ ...row, status: row['iban'] }), FAILED],

  // conditions
  ['the input of a condition changed', set({ region: 'closed' }), FAILED],
  ['the input of a condition deleted', drop('region'), FAILED],
  ['a property in plaintext by its condition changed', set({ owner: 'J. Roe' }), FAILED],
  ['a property in plaintext by its condition deleted', drop('owner'), FAILED],

  // what the format itself detects
  ['another IV', data(/"ContentEncryptionIV":"[^"]*"/, `"ContentEncryptionIV":"${'A'.repeat(22)}=="`), FAILED],
  [
    'the order of IVs of the old Java SDK',
    data(/"EncryptionLibrary":"[^"]*"/, '"EncryptionLibrary":"Java 8.6.6"'),
    FAILED,
  ],
  ['no KeyWrappingMetadata', data(/,"KeyWrappingMetadata":.*$/, '}'), MISSING],
  ['the wrapped key of another row', data(/"EncryptedKey":"[^"]*"/, ''), BAD],
  ['its encryption data deleted', drop(DATA), BAD],
  ['its encryption data and list deleted', drop(DATA, LIST), CLEAR],
];

describe.each(['verify', 'require'] as const)('a row with integrity entries, under "%s"', (mode) => {
  it('opens to what was written, and allows changes to what nothing covers', async () => {
    const row = await written();

    expect({ ...(await read(row, mode)) }).toEqual(whole);
    const left = drop('note')({ ...row, seen: 9, other: 'added' }, row);
    const { note: _free, ...rest } = whole;
    expect({ ...(await read(left, mode)) }).toEqual({ ...rest, seen: 9, other: 'added' });
  });

  it.each(rowChanges)('is rejected with %s', async (_what, change, code) => {
    const row = await written();
    const after = change(row, await written({ iban: 'DE00 0009', status: 'late', serial: 8n }));
    expect(after).not.toEqual(row);

    await expect(read(after, mode)).rejects.toMatchObject({ code });
  });

  it.each<(typeof entryRows)[number]>([...entryRows, ['a tag, which rows do not use', withTag, FAILED]])(
    'is rejected with %s',
    async (_what, change, code) => {
      const row = await written();
      const stored = storedOf(row);
      const { text: changed } = change(stored, storedOf(await written({ iban: 'DE00 0009' })));
      expect(changed).not.toBe(stored.text);

      await expect(read({ ...row, [DATA]: changed }, mode)).rejects.toMatchObject({ code });
    },
  );

  it.each<readonly [string, Row, Code]>([
    ['a property that the class signs', { serial: 7n }, MISSING],
    ['a property that the class may seal', { owner: 'planted' }, MISSING],
    ['a property that the class seals', { memo: 'planted' }, CLEAR],
  ])('is rejected with %s, added in plaintext', async (_what, more, code) => {
    const row = await written({ serial: undefined, owner: undefined, memo: undefined });

    await expect(read({ ...row, ...more }, mode)).rejects.toMatchObject({ code });
  });

  it('is rejected with the wrapped key of another row, which wraps another content key', async () => {
    const [row, other] = [await written(), await written()];
    const key = /"EncryptedKey":"[^"]*"/;
    const changed = String(row[DATA]).replace(key, key.exec(String(other[DATA]))?.[0] ?? '');

    await expect(read({ ...row, [DATA]: changed }, mode)).rejects.toMatchObject({ code: FAILED });
  });

  it('rejects entries of another kind of content', async () => {
    const row = await written();
    const bind = data(/"AzCseBind":"[^"]*"/, '"AzCseBind":"1;c=16"')(row, row);

    await expect(read(bind, mode)).rejects.toMatchObject({ code: FAILED });
  });
});

it('a row that never had entries is read under "verify" and "off", and rejected under "require"', async () => {
  const row = await written({}, tablePolicy({ integrity: 'off' }));

  expect(ENTRIES.some((name) => String(row[DATA]).includes(name))).toBe(false);
  expect({ ...(await read(row)) }).toEqual(whole);
  await expect(read(row, 'require')).rejects.toMatchObject({ code: MISSING });
});

it('a row with stripped entries is read only under "off"', async () => {
  const row = await written();
  const stripped = { ...row, [DATA]: without(...ENTRIES)(storedOf(row), storedOf(row)).text };

  await expect(read(stripped)).rejects.toMatchObject({ code: MISSING });
  expect({ ...(await openEntity(stripped, contextOf(tablePolicy({ integrity: 'off' })))) }).toEqual(whole);
});

it('a row opens only in the context that it was bound to', async () => {
  const bound = (context: string) => tablePolicy({ context: () => context });
  const row = await written({}, bound('tenant-7'));

  expect({ ...(await openEntity(row, contextOf(bound('tenant-7')))) }).toEqual(whole);
  for (const policy of [bound('tenant-8'), tablePolicy()]) {
    await expect(openEntity(row, contextOf(policy))).rejects.toMatchObject({ code: 'CONTEXT_MISMATCH' });
  }
});

it('a row copied to another table opens there, unless its context names the table', async () => {
  const inTable = (policy: EncryptionPolicy, table: string): TableContext => ({ ...contextOf(policy), table });
  const bound = tablePolicy({ context: (target) => (target.kind === 'table' ? target.table : 'other') });
  const [row, boundRow] = [await written(), await written({}, bound)];

  expect({ ...(await openEntity(row, inTable(tablePolicy(), 'copies'))) }).toEqual(whole);
  expect({ ...(await openEntity(boundRow, inTable(bound, 'invoices'))) }).toEqual(whole);
  await expect(openEntity(boundRow, inTable(bound, 'copies'))).rejects.toMatchObject({ code: 'CONTEXT_MISMATCH' });
});

it('a complete older version of a row that is restored cannot be distinguished from the newer one', async () => {
  const older = await written({ status: 'older' });

  expect(await read(older)).toMatchObject({ status: 'older' });
});
