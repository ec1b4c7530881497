/** `maintain reindex` and `maintain census` for a class with a lookup table, in separate processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniqueName, uniqueTableName } from '../support/azurite.js';
import { type Command, compileCommand } from '../support/command.js';
import { entriesIn, type LookedUp, member } from '../support/lookups.js';
import { keysOf } from '../support/patients.js';
import { clinic, commandEnv, KEYS, keyText, memberConfig, untagged } from '../support/reindex-command.js';

let command: Command;
let folder: string;
beforeAll(() => {
  command = compileCommand();
  folder = mkdtempSync(join(tmpdir(), 'maintain-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A row under the older key, one without tags, one without entries, and an entry without a row. */
async function prepared(): Promise<{ readonly name: string; readonly young: LookedUp }> {
  const name = uniqueTableName('members');
  const [older, young] = [clinic(name, { write: 'OLDER_KEY' }), clinic(name, { write: 'NEWER_KEY' })];
  await young.members.createTable();
  await older.members.createEntity(member('older'));
  await untagged(name).createEntity(member('untagged'));
  await young.members.createEntity(member('gone'));
  await young.members.unencryptedClient.deleteEntity('north', 'gone');
  await young.members.createEntity(member('unlisted'));
  for await (const { partitionKey, rowKey, rk } of young.entries.listEntities<{ rk: string }>())
    if (rk === 'unlisted') await young.entries.deleteEntity(partitionKey!, rowKey!);
  return { name, young };
}

const ROWS = ['older', 'unlisted', 'untagged'];

describe('maintain', () => {
  it('counts rows, previews reindex in a dry run, runs it, and finds the rows by their tags', async () => {
    const { name, young } = await prepared();
    const maintain = (verb: string, ...more: string[]) =>
      command.run(
        ['maintain', verb, '--table', name, '--config', memberConfig(folder, { command, table: name }), ...more],
        commandEnv(),
      );
    const state = ['--state-container', uniqueName('state')];
    const before = await entriesIn(young.entries);

    const census = await maintain('census', '--tags');
    const dry = await maintain('reindex', '--dry-run');
    expect(await entriesIn(young.entries)).toEqual(before);
    const done = await maintain('reindex', ...state);
    const after = await maintain('census', '--tags', '--json');

    expect([census.code, dry.code]).toEqual([1, 1]);
    for (const { stdout } of [census, dry])
      expect(stdout).toMatch(/untagged +1\n +mismatched +0\n +outdated +1\n +unlisted +1\n +leftover +2\n/);
    expect(done.stdout).toMatch(/^ {2}done +3$/m);
    // the entries of the deleted row are too young to be removed
    expect([done.code, after.code]).toEqual([1, 1]);
    expect(JSON.parse(after.stdout)).toMatchObject({
      census: { tags: { untagged: 0, mismatched: 0, outdated: 0, unlisted: 0, leftover: 2 } },
    });
    const { members } = young;
    const names = ROWS.map((row) => member(row).name ?? '');
    const emails = ROWS.map((row) => member(row).email ?? '');
    expect((await keysOf(members, { where: members.where('name', 'in', names) })).sort()).toEqual(ROWS);
    expect((await keysOf(members, { where: members.where('email', 'in', emails) })).sort()).toEqual(ROWS);
    const everything = JSON.stringify([census, dry, done, after]);
    for (const secret of [...(Object.keys(KEYS) as (keyof typeof KEYS)[]).map(keyText), 'AccountKey', 'example.org'])
      expect(everything).not.toContain(secret);
  });

  it('finds the class of a table in any letter case, and rejects tags without one', async () => {
    const { name } = await prepared();
    const config = memberConfig(folder, { command, table: name.toUpperCase() });
    const count = (table: string) =>
      command.run(['maintain', 'census', '--tags', '--table', table, '--config', config], commandEnv());

    const [known, unknown] = [await count(name), await count(uniqueTableName('other'))];

    expect(known.stdout).toMatch(/untagged +1\n/);
    expect([known.code, unknown.code]).toEqual([1, 2]);
    expect(unknown.stderr).toMatch(/"task.tags" needs a table among "sources" with its entity class/);
  });

  it('recognizes a lookup table, and does not treat it as a table of rows', async () => {
    const { name } = await prepared();
    const config = memberConfig(folder, { command, table: name });
    const both = ['--table', name, '--table', `${name}lookup`];

    const census = await command.run(['maintain', 'census', ...both, '--config', config, '--json'], commandEnv());
    const unknown = await command.run(
      ['maintain', 'reindex', '--table', `${name}lookup`, '--config', config],
      commandEnv(),
    );

    // three rows, and the entries of two of them and of a deleted row
    expect(JSON.parse(census.stdout)).toMatchObject({ seen: 7 });
    expect([unknown.code, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toMatch(/needs its entity class, with searchable properties/);
  });
});
