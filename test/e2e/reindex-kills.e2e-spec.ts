/**
 * Two processes run `maintain reindex` on a table with lookups and are killed repeatedly, while another program
 * inserts, changes and deletes rows. In the end every row is found by its tags under the new key, and the lookup table
 * has only the entries of these rows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMaintenanceClean, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, withHeader } from '../support/answers-proxy.js';
import { uniqueName, uniqueTableName } from '../support/azurite.js';
import { type Command, compileCommand } from '../support/command.js';
import { PATIENCE, until } from '../support/consumers.js';
import { entriesIn, type LookedUp, type Member, member } from '../support/lookups.js';
import { found } from '../support/patients.js';
import { clinic, commandEnv, memberConfig, untagged } from '../support/reindex-command.js';

const ROWS = 40;
const KILLS = 4;

let command: Command;
let folder: string;
const running = new Set<ChildProcess>();
beforeAll(() => {
  command = compileCommand();
  folder = mkdtempSync(join(tmpdir(), 'reindex-'));
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Equal shares of rows under the older key, without tags, with foreign tags, without entries; some stray entries. */
async function filled(name: string): Promise<ReadonlyMap<string, Member>> {
  const [older, young] = [clinic(name, { write: 'OLDER_KEY' }), clinic(name, { write: 'NEWER_KEY' })];
  const rows = new Map(Array.from({ length: ROWS }, (_, at) => [String(at), member(String(at))] as const));
  const foreign = { azcse_t_name: await young.members.searchTag('name', 'before'), azcse_t_email: 'no tag' };
  for (const [key, row] of rows) {
    const kind = Number(key) % 4;
    if (kind === 0) await older.members.createEntity(row);
    if (kind === 1) await untagged(name).createEntity(row);
    if (kind === 2) {
      await untagged(name, { integrity: 'off' }).createEntity(row);
      const keys = { partitionKey: 'north', rowKey: key };
      await young.members.unencryptedClient.updateEntity({ ...keys, ...foreign }, 'Merge');
    }
    if (kind === 3) await young.members.createEntity(row);
  }
  for await (const { partitionKey, rowKey, rk } of young.entries.listEntities<{ rk: string }>())
    if (Number(rk) % 4 === 3) await young.entries.deleteEntity(partitionKey!, rowKey!);
  for (const key of ['gone', 'left']) {
    await young.members.createEntity(member(key));
    await young.members.unencryptedClient.deleteEntity('north', key);
  }
  return rows;
}

/** The number of rows that have a tag under the key. */
async function taggedBy({ members }: LookedUp, tag: string): Promise<number> {
  const prefix = tag.slice(0, 'kid...'.length);
  let count = 0;
  for await (const row of members.unencryptedClient.listEntities({ queryOptions: { select: ['azcse_t_name'] } }))
    if (String(row['azcse_t_name']).startsWith(prefix)) count += 1;
  return count;
}

/** Inserts, changes and deletes rows until it is stopped; returns what is stored then. */
function writing(
  { members }: LookedUp,
  before: ReadonlyMap<string, Member>,
): () => Promise<ReadonlyMap<string, Member>> {
  const rows = new Map(before);
  const over = new AbortController();
  const ended = (async () => {
    for (let count = 0; !over.signal.aborted; count += 1) {
      const key = String((count * 7) % ROWS);
      const changed = member(key, { name: `change ${count}`, email: `change ${count}` });
      await members.upsertEntity(changed, 'Replace', { mergeAttempts: 40 });
      rows.set(key, changed);
      const [added, removed] = [`added ${count}`, `added ${count - 2}`];
      await members.createEntity(member(added));
      rows.set(added, member(added));
      if (rows.delete(removed)) await members.deleteEntity('north', removed);
    }
    return rows;
  })();
  return () => {
    over.abort();
    return ended;
  };
}

it(
  `reindex loses no row and no entry in ${KILLS} kills of two processes, and leaves no stale entries`,
  async () => {
    const name = uniqueTableName('members');
    const young = clinic(name, { write: 'NEWER_KEY' });
    await young.members.createTable();
    const stop = writing(clinic(name, { write: 'NEWER_KEY', read: ['OLDER_KEY'] }), await filled(name));
    const args = [
      ...['maintain', 'reindex', '--table', name, '--config', memberConfig(folder, { command, table: name })],
      ...['--state-container', uniqueName('state'), '--job', 'kills', '--claim-seconds', '0.5'],
      ...['--requests-per-second', '60', '--concurrency', '2'],
    ];
    const start = (): ChildProcess => {
      const env = { PATH: process.env['PATH'], ...commandEnv() };
      const child = spawn(process.execPath, [command.main, ...args], { env, stdio: 'ignore' });
      running.add(child);
      return child;
    };
    const tag = await young.members.searchTag('name', 'any');
    let killed = 0;

    for (let kills = 0; kills < KILLS; kills += 1) {
      const done = await taggedBy(young, tag);
      const workers = [start(), start()];
      const isOver = () => workers.every(({ exitCode }) => exitCode !== null);
      await until(async () => isOver() || (await taggedBy(young, tag)) > done + 4);
      for (const worker of workers) worker.kill('SIGKILL');
      for (const worker of workers)
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
      killed += workers.filter(({ signalCode }) => signalCode === 'SIGKILL').length;
    }
    expect(killed).toBeGreaterThan(1);
    const last = [start(), start()];
    for (const worker of last) if (worker.exitCode === null) await once(worker, 'exit');
    const expected = await stop();

    // leftover entries are removed once they are an hour old
    const proxy = await AnswersProxy.start('Table');
    const ofAnHourLater = withHeader('date', new Date(Date.now() + 3_700_000).toUTCString());
    proxy.spoil = (exchange) => exchange.request.method === 'GET' && ofAnHourLater(exchange);
    const { members } = clinic(name, { write: 'NEWER_KEY' }, { through: proxy.connectionString });
    const sources = [members.forMaintenance(), members.lookupsForMaintenance()];
    const report = await runMaintenance({ name: 'after', task: { do: 'reindex' }, sources });
    await proxy.close();

    expect(report.failures).toEqual([]);
    expect(isMaintenanceClean(report)).toBe(true);
    const stored = await found(young.members, {});
    expect(stored.map(({ rowKey }) => rowKey).sort()).toEqual([...expected.keys()].sort());
    for (const [key, row] of expected) {
      const byName = await found(young.members, { where: young.members.where('name', 'eq', row.name ?? '') });
      const byEmail = await found(young.members, { where: young.members.where('email', 'eq', row.email ?? '') });
      expect([byName, byEmail].map((rows) => rows.map(({ rowKey }) => rowKey))).toEqual([[key], [key]]);
    }
    const entries = [...expected.keys()].flatMap((key) => [`email ${key}`, `name ${key}`]);
    expect(await entriesIn(young.entries)).toEqual(entries.sort());
  },
  8 * PATIENCE,
);
