/**
 * Two processes rotate a key while one of them is repeatedly killed and the account is constantly read and written.
 * `MAINTENANCE_OBJECTS` and `MAINTENANCE_KILLS` make it larger: then one is killed each second, and it prints the
 * numbers for docs/reliability.md.
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
const KILLS = Number(process.env['MAINTENANCE_KILLS'] ?? 6);
const IS_LARGE = process.env['MAINTENANCE_KILLS'] !== undefined;
/** Milliseconds between two kills in a large round. */
const KILL_EVERY = 1000;
const PROTOCOLS = ['2.1', '1.0'] as const;

const [OLD_KEY, NEW_KEY] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string];
const oldKey = AesKeyEncryptionKey.fromBase64('old', OLD_KEY);
const newKey = AesKeyEncryptionKey.fromBase64('new', NEW_KEY);
const young = policyOf('2.1', { keyEncryptionKey: newKey, readProtocols: PROTOCOLS });
const both = { ...young, keyResolver: new KeyRing([oldKey]).resolve };

@EncryptedEntity<Note>()
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}

/** A container and a table with objects of the same names, in both protocols, under the old key. */
class Account {
  readonly keys = Array.from({ length: OBJECTS }, (_, index) => `object-${String(index).padStart(4, '0')}`);
  readonly table = uniqueTableName('notes');
  readonly blobs: EncryptedContainerClient;
  readonly rows = tableOf(Note, this.table, both);

  private constructor(readonly container: EncryptedContainerClient) {
    this.blobs = new EncryptedContainerClient(container.unencryptedClient, both);
  }

  static async filled(): Promise<Account> {
    const olds = await containersFor(...PROTOCOLS.map((protocol) => policyOf(protocol, { keyEncryptionKey: oldKey })));
    const account = new Account(olds[0] as EncryptedContainerClient);
    const rows = tableOf(Note, account.table, policyOf('2.1', { keyEncryptionKey: oldKey }));
    await rows.createTable();
    for (const [index, key] of account.keys.entries()) {
      const [text, blobs] = [textOf(key, 0), olds[index % olds.length] as EncryptedContainerClient];
      await Promise.all([blobs.getBlockBlobClient(key).uploadData(text), rows.createEntity({ ...rowOf(key), text })]);
    }
    return account;
  }

  /** Blobs under the new key. */
  async rewrapped(): Promise<number> {
    const sources = [this.blobs.forMaintenance()];
    const { census } = await runMaintenance({ name: 'look', task: { do: 'census' }, sources });
    return census.entries.reduce((sum, { keyId, count }) => sum + (keyId === 'new' ? count : 0), 0);
  }

  census() {
    const sources = [this.blobs.forMaintenance(), this.rows.forMaintenance()];
    return runMaintenance({ name: 'after', task: { do: 'census', retire: ['old'] }, sources });
  }
}

const rowOf = (key: string) => ({ partitionKey: String(Number(key.slice(-4)) % 3), rowKey: key });
const textOf = (key: string, write: number): string => `${key}, write ${write}`;
const writeIn = (key: string, text: string): number =>
  Number(text.startsWith(`${key}, write `) ? text.slice(key.length + 8) : NaN);

/** Programs that constantly write under the new key and read with both. */
class Traffic {
  writes = 0;
  reads = 0;
  /** Contents read that were neither the previous content nor any written meanwhile. */
  readonly wrong: string[] = [];
  /** Number of the last acknowledged write of each object. */
  readonly written: Map<string, number>;
  #isOver = false;
  readonly #programs: Promise<unknown>;

  constructor(private readonly account: Account) {
    this.written = new Map(account.keys.map((key) => [key, 0]));
    this.#programs = Promise.all([this.#write(), this.#read()]);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#programs;
  }

  async #write(): Promise<void> {
    const { keys, blobs, rows } = this.account;
    while (!this.#isOver) {
      const key = keys[(this.writes * 7) % OBJECTS] as string;
      const text = textOf(key, ++this.writes);
      await Promise.all([blobs.getBlockBlobClient(key).uploadData(text), rows.updateEntity({ ...rowOf(key), text })]);
      this.written.set(key, this.writes);
      await wait(50);
    }
  }

  async #read(): Promise<void> {
    const { keys, blobs, rows } = this.account;
    while (!this.#isOver) {
      const key = keys[(this.reads * 11) % OBJECTS] as string;
      const before = this.written.get(key) as number;
      const { partitionKey, rowKey } = rowOf(key);
      const texts = await Promise.all([
        blobs.getBlockBlobClient(key).downloadToBuffer().then(String),
        rows.getEntity(partitionKey, rowKey).then(({ text }) => text),
      ]).catch((error: unknown) => [String(error)]);
      this.reads += 1;
      const isRight = (text: string): boolean => writeIn(key, text) >= before && writeIn(key, text) <= this.writes;
      this.wrong.push(...texts.filter((text) => !isRight(text)));
      await wait(20);
    }
  }
}

/** The processes of the job. */
class Workers {
  killed = 0;
  readonly #workers: ChildProcess[] = [];

  constructor(
    private readonly command: Command,
    private readonly args: readonly string[],
  ) {}

  start(): void {
    const env = { PATH: process.env['PATH'], AZURE_STORAGE_CONNECTION_STRING: connectionString(), OLD_KEY, NEW_KEY };
    this.#workers.push(spawn(process.execPath, [this.command.main, ...this.args], { env, stdio: 'ignore' }));
  }

  /** Whether all of them have ended. */
  areDone(): boolean {
    return this.#workers.every(({ exitCode }) => exitCode !== null);
  }

  /** Kills the oldest process and starts another one. */
  async replaceOne(): Promise<void> {
    const [oldest] = this.#workers.splice(0, 1);
    if (oldest?.exitCode === null) {
      oldest.kill('SIGKILL');
      await once(oldest, 'exit');
      this.killed += 1;
    }
    this.start();
  }

  codes(): Promise<(number | null)[]> {
    return Promise.all(
      this.#workers.map(async (worker) => worker.exitCode ?? ((await once(worker, 'exit'))[0] as number)),
    );
  }

  stop(): void {
    for (const worker of this.#workers) worker.kill('SIGKILL');
  }
}

let command: Command;
let workers: Workers | undefined;
beforeAll(() => {
  command = compileCommand();
});
afterAll(() => workers?.stop());

const argumentsFor = ({ container, table }: Account): string[] => [
  ...['maintain', 'rewrap', '--retire', 'old', '--container', container.containerName, '--table', table],
  ...['--new-key', 'new=env:NEW_KEY', '--old-key', 'old=env:OLD_KEY', '--state-container', uniqueName('state')],
  ...['--page-size', String(OBJECTS / 12), '--pages-per-shard', '2', '--concurrency', '2'],
  ...['--requests-per-second', IS_LARGE ? '60' : '40'],
  ...['--claim-seconds', '0.5', '--job', 'kills'],
];

it(
  `a rotation loses no object and no concurrent write in ${KILLS} kills, and leaves nothing under the old key`,
  async () => {
    const account = await Account.filled();
    const traffic = new Traffic(account);
    const ours = (workers = new Workers(command, argumentsFor(account)));
    ours.start();
    ours.start();

    while (ours.killed < KILLS && !ours.areDone()) {
      const done = await account.rewrapped();
      if (IS_LARGE) await wait(KILL_EVERY);
      else await until(async () => ours.areDone() || (await account.rewrapped()) > done + OBJECTS / 12);
      if (!ours.areDone()) await ours.replaceOne();
    }
    const codes = await ours.codes();
    await traffic.end();

    const { killed } = ours;
    const { writes, reads, wrong, written } = traffic;
    if (IS_LARGE) console.log({ objects: 2 * OBJECTS, killed, writes: 2 * writes, reads: 2 * reads, wrong, codes });
    expect(codes).toEqual([0, 0]);
    expect(Math.min(killed, writes, reads)).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
    const now = new EncryptedContainerClient(account.container.unencryptedClient, young);
    const rowsNow = tableOf(Note, account.table, young);
    for (const [key, write] of written) {
      expect(String(await now.getBlockBlobClient(key).downloadToBuffer())).toBe(textOf(key, write));
      const { partitionKey, rowKey } = rowOf(key);
      expect((await rowsNow.getEntity(partitionKey, rowKey)).text).toBe(textOf(key, write));
    }
    const { census } = await account.census();
    expect(census.verdict?.mayDestroy).toBe('after');
    expect(census.entries.reduce((sum, { count }) => sum + count, 0)).toBe(2 * OBJECTS);
  },
  IS_LARGE ? 30 * PATIENCE : 8 * PATIENCE,
);
