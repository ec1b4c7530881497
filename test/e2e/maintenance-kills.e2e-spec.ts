/**
 * Two processes rotate a key, are killed again and again, and share the account with a program that writes all the time.
 * `MAINTENANCE_OBJECTS` and `MAINTENANCE_KILLS` make it larger; it then prints what docs/reliability.md says of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedContainerClient,
  EncryptedEntity,
  KeyRing,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { containersFor, policyOf } from '../support/blobs.js';
import { type Command, compileCommand } from '../support/command.js';
import { PATIENCE, until } from '../support/consumers.js';
import { tableOf } from '../support/tables.js';

const OBJECTS = Number(process.env['MAINTENANCE_OBJECTS'] ?? 60);
const KILLS = Number(process.env['MAINTENANCE_KILLS'] ?? 3);
const IS_LARGE = process.env['MAINTENANCE_KILLS'] !== undefined;

const [OLD_KEY, NEW_KEY] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string];
const oldKey = AesKeyEncryptionKey.fromBase64('old', OLD_KEY);
const newKey = AesKeyEncryptionKey.fromBase64('new', NEW_KEY);
const [before, young] = [oldKey, newKey].map((keyEncryptionKey) => policyOf('2.1', { keyEncryptionKey })) as [
  ReturnType<typeof policyOf>,
  ReturnType<typeof policyOf>,
];
const both = policyOf('2.1', { keyEncryptionKey: newKey, keyResolver: new KeyRing([oldKey]).resolve });

@EncryptedEntity<Note>()
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}

let command: Command;
const running = new Set<ChildProcess>();
beforeAll(() => {
  command = compileCommand();
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

it(
  `loses no object and no write of others in ${KILLS} kills, and leaves none under the old key`,
  async () => {
    const [old] = (await containersFor(before)) as [EncryptedContainerClient];
    const [ours, now] = [both, young].map((policy) => new EncryptedContainerClient(old.unencryptedClient, policy));
    const name = uniqueTableName('notes');
    const [oldRows, ourRows, rowsNow] = [before, both, young].map((policy) => tableOf(Note, name, policy));
    await oldRows!.createTable();
    const expected = new Map<string, string>();
    for (let index = 0; index < OBJECTS; index += 1) {
      const [key, text] = [`object-${String(index).padStart(4, '0')}`, `first ${index}`];
      await Promise.all([
        old.getBlockBlobClient(key).uploadData(text),
        oldRows!.createEntity({ partitionKey: String(index % 3), rowKey: key, text }),
      ]);
      expected.set(key, text);
    }

    const args = [
      ...['maintain', 'rewrap', '--retire', 'old', '--container', old.containerName, '--table', name],
      ...['--new-key', 'new=env:NEW_KEY', '--old-key', 'old=env:OLD_KEY', '--state-container', uniqueName('state')],
      ...['--page-size', String(OBJECTS / 12), '--pages-per-shard', '2', '--concurrency', '2'],
      ...['--requests-per-second', IS_LARGE ? '60' : '40'],
      ...['--claim-seconds', '0.5', '--job', 'kills'],
    ];
    const start = (): ChildProcess => {
      const env = { PATH: process.env['PATH'], AZURE_STORAGE_CONNECTION_STRING: connectionString(), OLD_KEY, NEW_KEY };
      const child = spawn(process.execPath, [command.main, ...args], { env, stdio: 'ignore' });
      running.add(child);
      return child;
    };
    const rewrapped = async (): Promise<number> => {
      const { census } = await runMaintenance({
        name: 'look',
        task: { do: 'census' },
        sources: [ours!.forMaintenance()],
      });
      return census.entries.filter(({ keyId }) => keyId === 'new').reduce((sum, { count }) => sum + count, 0);
    };

    // a program that writes all the time, in blobs and rows
    let [isOver, writes] = [false, 0];
    const writing = (async () => {
      while (!isOver) {
        const key = [...expected.keys()][(writes * 7) % OBJECTS] as string;
        const text = `write ${++writes}`;
        await Promise.all([
          ours!.getBlockBlobClient(key).uploadData(text),
          ourRows!.updateEntity({ partitionKey: String(Number(key.slice(-4)) % 3), rowKey: key, text }),
        ]);
        expected.set(key, text);
        await wait(50);
      }
    })();

    for (let kills = 0; kills < KILLS; kills += 1) {
      const done = await rewrapped();
      const workers = [start(), start()];
      await until(
        async () => workers.every(({ exitCode }) => exitCode !== null) || (await rewrapped()) > done + OBJECTS / 12,
      );
      for (const worker of workers) worker.kill('SIGKILL');
      for (const worker of workers)
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    }
    const last = [start(), start()];
    const codes = await Promise.all(
      last.map(async (worker) => worker.exitCode ?? ((await once(worker, 'exit'))[0] as number | null)),
    );
    isOver = true;
    await writing;

    if (IS_LARGE) console.log({ objects: 2 * OBJECTS, killed: 2 * KILLS, writes: 2 * writes, codes });
    expect(codes).toEqual([0, 0]);
    expect(writes).toBeGreaterThan(0);
    for (const [key, text] of expected) {
      expect(String(await now!.getBlockBlobClient(key).downloadToBuffer())).toBe(text);
      const row = await rowsNow!.getEntity(String(Number(key.slice(-4)) % 3), key);
      expect(row.text).toBe(text);
    }
    const sources = [ours!.forMaintenance(), ourRows!.forMaintenance()];
    const { census } = await runMaintenance({ name: 'after', task: { do: 'census', retire: ['old'] }, sources });
    expect(census.verdict?.mayDestroy).toBe('after');
    expect(census.entries.reduce((sum, { count }) => sum + count, 0)).toBe(2 * OBJECTS);
  },
  IS_LARGE ? 30 * PATIENCE : 8 * PATIENCE,
);
