/** Entities that a peer wrote, read by this package. */
import { describeCell } from './cells.js';
import {
  CLEAR_VALUES,
  comparable,
  KEYS_OF_ROWS,
  LONG_VALUES,
  NAMES,
  newTable,
  peerStores,
  row,
  sealed,
  VALUES,
  WHOLE_SECONDS,
} from './entity-cases.js';
import { keepsMilliseconds } from './entity-faults.js';
import { KEYS } from './keys.js';
import { classSealing, listed, ours, PATIENT } from './our-entities.js';
import { stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

for (const peer of TABLE_PEERS) {
  describeCell({ service: 'entities', protocol: '1.0', peer, peerDoes: 'writes' }, () => {
    it.each([...VALUES, ...LONG_VALUES])('a value: %s', async (_what, value) => {
      const { table } = await newTable();
      await peerStores(peer, [row(value)], { table });

      const found = await (await ours(PATIENT, table)).getEntity('north', '17');

      expect({ name: found.name === value, note: found.note }).toEqual({ name: true, note: 'a note' });
    });

    it.each(KEYS_OF_ROWS)('keys: %s', async (_what, partitionKey, rowKey) => {
      const { table } = await newTable();
      await peerStores(peer, [{ ...row('Jane'), partitionKey, rowKey }], { table });

      expect((await (await ours(PATIENT, table)).getEntity(partitionKey, rowKey)).name).toBe('Jane');
    });

    it('names in every script, all of them sealed', async () => {
      const { table } = await newTable();
      const properties = Object.fromEntries(NAMES.map((name) => [name, sealed(`value of ${name}`)]));
      await peerStores(peer, [{ ...row(''), properties }], { table });

      expect(await (await ours(classSealing(...NAMES), table)).getEntity('north', '17')).toMatchObject(
        Object.fromEntries(NAMES.map((name) => [name, `value of ${name}`])),
      );
    });

    it('clear values of every type next to sealed ones', async () => {
      const { table } = await newTable();
      const clear = keepsMilliseconds(peer) ? CLEAR_VALUES : { ...CLEAR_VALUES, date: WHOLE_SECONDS };
      await peerStores(peer, [{ ...row('Jane'), properties: { ...clear, name: sealed('Jane') } }], { table });

      const found = await (await ours(PATIENT, table)).getEntity('north', '17', { disableTypeConversion: true });

      expect(found.name).toBe('Jane');
      expect(comparable(found)).toMatchObject(comparable(clear));
    });

    it.each(KEYS)('under %s', async (_what, key) => {
      const { table } = await newTable();
      await peerStores(peer, [row('Jane')], { table, key });

      expect((await (await ours(PATIENT, table, { key })).getEntity('north', '17')).name).toBe('Jane');
    });

    it('with the key found by its id, in a module that lets plaintext through, next to a plain row', async () => {
      const { table, raw } = await newTable();
      await peerStores(peer, [row('Jane')], { table });
      await raw.createEntity({ partitionKey: 'north', rowKey: '18', name: 'never sealed' });

      const rows = await listed(await ours(PATIENT, table, { resolved: true, requireEncryption: false }));

      expect(rows.map(({ name }) => name)).toEqual(['Jane', 'never sealed']);
    });

    it.each(['insert', 'upsert', 'replace'] as const)('stored by %s', async (verb) => {
      const { table } = await newTable();
      if (verb === 'replace') await peerStores(peer, [row('before')], { table });
      await peerStores(peer, [row('Jane')], { table, verb });

      expect((await (await ours(PATIENT, table)).getEntity('north', '17')).name).toBe('Jane');
    });

    it('a batch', async () => {
      const { table } = await newTable();
      const rows = Array.from({ length: 20 }, (_, at) => ({ ...row(`Jane ${at}`), rowKey: String(at + 10) }));
      await peerStores(peer, rows, { table, batch: true });

      const found = await listed(await ours(PATIENT, table));

      expect(found.map(({ rowKey, name }) => [rowKey, name])).toEqual(
        rows.map(({ rowKey }, at) => [rowKey, `Jane ${at}`]),
      );
    });

    it('a projection', async () => {
      const { table } = await newTable();
      await peerStores(peer, [row('Jane', 'not asked for')], { table });

      const rows = await listed(await ours(PATIENT, table), ['name']);

      expect(rows.map((found) => ({ ...found }))).toEqual([expect.objectContaining({ name: 'Jane' })]);
      expect(rows[0]).not.toHaveProperty('note');
    });

    it('a row that seals nothing', async () => {
      const { table } = await newTable();
      await peerStores(peer, [{ ...row(''), properties: { ward: { type: 'String', value: '3' } } }], { table });

      expect(await (await ours(PATIENT, table)).getEntity('north', '17')).toMatchObject({ ward: '3' });
    });
  });
}
