/** Entities that this package wrote, read by a peer. */
import { Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
import { describeCell } from './cells.js';
import {
  CLEAR_VALUES,
  comparable,
  KEYS_OF_ROWS,
  LONG_VALUES,
  NAMES,
  newTable,
  peerGets,
  peerQueries,
  peerStores,
  row,
  sealed,
  VALUES,
  valuesOf,
} from './entity-cases.js';
import { doublesQuotes, readsEmptyKeys, selectsKeysItself } from './entity-faults.js';
import { KEYS } from './keys.js';
import { classSealing, entityOf, ours, PATIENT, type Row, signing, typed } from './our-entities.js';
import { stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

for (const peer of TABLE_PEERS) {
  describeCell({ service: 'entities', protocol: '1.0', peer, peerDoes: 'reads' }, () => {
    it.each([...VALUES, ...LONG_VALUES])('a value: %s', async (_what, value) => {
      const { table } = await newTable();
      await (await ours(PATIENT, table)).createEntity(entityOf(row(value)));

      const { name, note } = valuesOf(await peerGets(peer, row(value), { table }));

      expect({ name: name === value, note }).toEqual({ name: true, note: 'a note' });
    });

    it.each(KEYS_OF_ROWS.filter(([, key]) => key !== '' || readsEmptyKeys(peer)))(
      'keys: %s',
      async (_what, partitionKey, rowKey) => {
        const { table } = await newTable();
        const entity = { ...row('Jane'), partitionKey, rowKey };
        await (await ours(PATIENT, table)).createEntity(entityOf(entity));

        // the peer can query a row that it cannot address
        const found =
          doublesQuotes(peer) || !partitionKey.includes("'")
            ? await peerGets(peer, entity, { table })
            : (await peerQueries(peer, { table }))[0];

        expect(found?.properties['name']?.value).toBe('Jane');
      },
    );

    it('names in every script, all of them sealed', async () => {
      const { table } = await newTable();
      const properties = Object.fromEntries(NAMES.map((name) => [name, sealed(`value of ${name}`)]));
      await (await ours(classSealing(...NAMES), table)).createEntity(entityOf({ ...row(''), properties }));

      expect(valuesOf(await peerGets(peer, row(''), { table }))).toEqual(
        Object.fromEntries(NAMES.map((name) => [name, `value of ${name}`])),
      );
    });

    it.each([
      ['clear', PATIENT],
      ['signed', signing(PATIENT, ...Object.keys(CLEAR_VALUES))],
    ])('%s values of every type next to sealed ones', async (_what, entity) => {
      const { table } = await newTable();
      await (await ours(entity, table)).createEntity({ ...entityOf(row('Jane')), ...typed(CLEAR_VALUES) });

      const { properties } = await peerGets(peer, row(''), { table });

      expect(comparable(properties)).toMatchObject({ ...comparable(CLEAR_VALUES), name: 'String Jane' });
    });

    it('sealed values of every type of ours, as the text that represents them', async () => {
      const { table } = await newTable();
      const values = {
        number: [-1.5e-7, '-1.5e-7'],
        bigint: [2n ** 64n, '18446744073709551616'],
        boolean: [false, 'false'],
        date: [new Date('2026-02-28T23:59:58.123Z'), '2026-02-28T23:59:58.123Z'],
        binary: [Uint8Array.of(0, 255), 'AP8='],
        json: [{ a: [1, null, 'ü'] }, '{"a":[1,null,"ü"]}'],
        nothing: [null, ''],
      } as const;
      const entity = Object.fromEntries(Object.entries(values).map(([name, [value]]) => [name, value]));
      await (await ours(classSealing(...Object.keys(values)), table)).createEntity({ ...entityOf(row('')), ...entity });

      const found = valuesOf(await peerGets(peer, row(''), { table }));

      for (const [name, [, text]] of Object.entries(values)) {
        expect([name, found[name]]).toEqual([name, text]);
      }
    });

    it.each(KEYS)('under %s', async (_what, key) => {
      const { table } = await newTable();
      await (await ours(PATIENT, table, { key })).createEntity(entityOf(row('Jane')));

      expect(valuesOf(await peerGets(peer, row(''), { table, key }))).toMatchObject({ name: 'Jane' });
    });

    it('with the key found by its id, in a client that lets plaintext through, next to a plain row', async () => {
      const { table, raw } = await newTable();
      await (await ours(PATIENT, table)).createEntity(entityOf(row('Jane')));
      await raw.createEntity({ partitionKey: 'north', rowKey: '18', name: 'never sealed' });

      const rows = await peerQueries(peer, { table, resolve: true, requireEncryption: false });

      expect(rows.map(({ properties }) => properties['name']?.value)).toEqual(['Jane', 'never sealed']);
    });

    it('stored by an update, an upsert and a transaction', async () => {
      const { table } = await newTable();
      const client = await ours(PATIENT, table);
      const at = (rowKey: string, name: string): Row => ({ ...entityOf(row(name)), rowKey });
      await client.createEntity(at('1', 'before'));
      await client.updateEntity(at('1', 'updated'));
      await client.upsertEntity(at('2', 'upserted'));
      await client.submitTransaction([
        ['create', at('3', 'created')],
        ['upsert', at('4', 'in one')],
      ]);

      const rows = await peerQueries(peer, { table });

      expect(rows.map(({ properties }) => properties['name']?.value)).toEqual([
        'updated',
        'upserted',
        'created',
        'in one',
      ]);
    });

    it('rows of its own that we merged sealed and clear properties into', async () => {
      const { table } = await newTable();
      const ward = { type: 'String', value: '3' } as const;
      const rows = ['1', '2', '3'].map((rowKey) => {
        return { ...row('Jane'), rowKey, properties: { ...row('Jane').properties, ward } };
      });
      await peerStores(peer, rows, { table });
      const client = await ours(PATIENT, table);
      const patch = (rowKey: string, values: object): Row => ({ partitionKey: 'north', rowKey, ...values });
      await client.updateEntity(patch('1', { name: 'merged' }), 'Merge');
      await client.updateEntity(patch('2', { ward: '4' }), 'Merge');
      await client.submitTransaction([['update', patch('3', { name: 'merged', ward: '4' }), 'Merge']]);

      expect((await peerQueries(peer, { table })).map(valuesOf)).toEqual([
        { name: 'merged', note: 'a note', ward: '3' },
        { name: 'Jane', note: 'a note', ward: '4' },
        { name: 'merged', note: 'a note', ward: '4' },
      ]);
    });

    it('a projection', async () => {
      const { table } = await newTable();
      await (await ours(PATIENT, table)).createEntity(entityOf(row('Jane', 'not asked for')));

      const select = selectsKeysItself(peer) ? 'name' : 'PartitionKey,RowKey,name';
      const rows = await peerQueries(peer, { table, select });

      expect(rows.map(valuesOf)).toEqual([{ name: 'Jane' }]);
    });

    it('by a filter on a clear property', async () => {
      const { table } = await newTable();
      const client = await ours(PATIENT, table);
      for (const ward of ['3', '4']) await client.createEntity({ ...entityOf(row(`of ${ward}`)), rowKey: ward, ward });

      const rows = await peerQueries(peer, { table, filter: "ward eq '4'" });

      expect(rows.map(({ properties }) => properties['name']?.value)).toEqual(['of 4']);
    });

    it('a row of a class that seals only under a condition', async () => {
      @EncryptedEntity({ clear: '*' })
      class Careful {
        [name: string]: unknown;
        partitionKey!: string;
        rowKey!: string;
        @Encrypt<Careful>({ when: ({ ward }) => ward === 'private' }) name!: string;
      }
      const { table } = await newTable();
      await (
        await ours<Careful>(Careful, table)
      ).createEntity({ ...entityOf(row('')), name: 'in plaintext', ward: 'open' });

      expect(valuesOf(await peerGets(peer, row(''), { table }))).toMatchObject({ name: 'in plaintext', ward: 'open' });
    });
  });
}
