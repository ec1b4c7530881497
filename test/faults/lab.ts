/** What all tests of a run share: the emulator, lanes with one proxy each, seeded choices, and the table. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyProxy } from './proxy/faulty-proxy.js';
import { projectModule } from '../support/project.js';
import { Random } from './random.js';
import { Storage } from './storage.js';
import type { Table } from './table.js';

export type Round = 'short' | 'long';

export interface RunOptions {
  readonly round: Round;
  readonly seed: number;
  /** Part of the name of a test or of a failed job. */
  readonly only: string | undefined;
}

/** One proxy and the clients that go through it; one try at a time. */
export interface Lane {
  readonly proxy: FaultyProxy;
  readonly through: Storage;
}

/** A part of a test; failures quote its name, and its random choices depend on it. */
export interface Job {
  readonly name: string;
  readonly run: (lane: Lane, random: Random) => Promise<void>;
}

/** Does all tries of one test, and counts them in the table. */
export type Test = (lab: Lab) => Promise<void>;

interface Emulator {
  readonly connectionString: string;
  readonly stop: () => Promise<void>;
}

const LANES = 8;

export class Lab {
  readonly #direct: Storage;

  private constructor(
    readonly options: RunOptions,
    readonly table: Table,
    /** For files of the tests. */
    readonly folder: string,
    private readonly emulator: Emulator,
    private readonly lanes: readonly Lane[],
  ) {
    this.#direct = new Storage(emulator.connectionString);
  }

  static async open(options: RunOptions, table: Table): Promise<Lab> {
    const { startAzurite } = await projectModule<{ startAzurite: () => Promise<Emulator> }>('test/support/azurite.mjs');
    const emulator = await startAzurite();
    const lanes = await Promise.all(
      Array.from({ length: LANES }, async () => {
        const proxy = await FaultyProxy.start(emulator.connectionString);
        return { proxy, through: new Storage(proxy.connectionString) };
      }),
    );
    const lab = new Lab(options, table, await mkdtemp(join(tmpdir(), 'faults-')), emulator, lanes);
    await lab.direct.create();
    return lab;
  }

  /** Clients that bypass the proxies. */
  get direct(): Storage {
    return this.#direct;
  }

  get connectionString(): string {
    return this.emulator.connectionString;
  }

  get isLong(): boolean {
    return this.options.round === 'long';
  }

  /** Whether a job takes part: a short round runs only a sample, unless `--only` names jobs. */
  isSampled(random: Random, part: number): boolean {
    return random.chance(part) || this.isLong || this.options.only !== undefined;
  }

  /** Runs the jobs of a test concurrently, one on each lane; skips jobs that `--only` does not name. */
  async runAll(test: string, jobs: readonly Job[]): Promise<void> {
    const { only, seed } = this.options;
    const chosen = jobs.filter(({ name }) => only === undefined || test.includes(only) || name.includes(only));
    const left = chosen.values();
    await Promise.all(
      this.lanes.map(async (lane) => {
        for (const job of left) {
          await job.run(lane, new Random(seed, test, job.name)).catch((error: unknown) => {
            const what = `the test itself failed: ${String((error as Error).stack)}`;
            this.table.fail({ test, where: job.name, finding: { verdict: 'wrong', what } });
          });
        }
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map(async ({ proxy }) => proxy.close()));
    await this.emulator.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
