/**
 * What every subject uses: a blob server, an emulator if one is needed, memory and files, and the options of the run.
 */
import { newSeed } from './stored-content.js';
import type { Row } from './report.js';
import { projectModule } from '../../test/support/project.js';
import { inRounds, type RoundsOptions, type Samples, type Variants } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { benchKey, Blobs, Materials, plainService } from './transfer.js';

/** A subject of measurement, in a file `<name>.bench.ts`. */
export interface Subject {
  readonly name: string;
  readonly run: (lab: Lab) => Promise<readonly Row[]>;
}

interface Emulator {
  readonly connectionString: string;
  readonly stop: () => Promise<void>;
}

const ROUNDS = 5;
const QUICK_ROUNDS = 1;
/** Since the beginning of the run. */
const TIME_LIMIT_MS = 45 * 60_000;
const FULL_TIME_LIMIT_MS = 90 * 60_000;

export interface LabOptions {
  /** One small round of each. */
  readonly quick: boolean;
  /** Includes measurements that take long and show little. */
  readonly full: boolean;
  /** When the run began, in milliseconds since 1970. */
  readonly began: number;
}

export class Lab {
  readonly materials = new Materials();
  readonly blobs: Blobs;
  /** Plain compared with plain, for every comparison that has it. */
  readonly plainToPlain: { readonly case: string; readonly ratio: number }[] = [];
  readonly notes: string[] = [];
  private emulator: Emulator | undefined;
  private isLate = false;

  private constructor(
    readonly server: ServerProcess,
    private readonly options: LabOptions,
  ) {
    this.blobs = new Blobs(plainService(server.url));
  }

  static async open(options: LabOptions): Promise<Lab> {
    const seeds = [await newSeed(benchKey()), await newSeed(benchKey(), true)] as const;
    return new Lab(await ServerProcess.start(...seeds), options);
  }

  get isQuick(): boolean {
    return this.options.quick;
  }

  get isFull(): boolean {
    return this.options.full;
  }

  /** Measures the variants in turn, and writes progress to standard error. */
  compare<Name extends string, S>(
    what: string,
    variants: Variants<Name, S>,
    { warmsUp = true }: Pick<RoundsOptions, 'warmsUp'> = {},
  ): Promise<Record<Name, Samples<S>>> {
    return this.measure(what, variants, this.isQuick ? QUICK_ROUNDS : ROUNDS, warmsUp);
  }

  /** The same with another number of rounds. */
  measure<Name extends string, S>(
    what: string,
    variants: Variants<Name, S>,
    rounds: number,
    warmsUp = true,
  ): Promise<Record<Name, Samples<S>>> {
    process.stderr.write(`${what}\n`);
    return inRounds(variants, {
      rounds: this.roundsLeft(what, rounds),
      isGated: !this.isQuick,
      warmsUp,
    });
  }

  /** Once the time is up, the rest gets one round, so that a run also ends on a busy machine, with a note. */
  private roundsLeft(what: string, rounds: number): number {
    if (Date.now() - this.options.began < (this.isFull ? FULL_TIME_LIMIT_MS : TIME_LIMIT_MS)) return rounds;
    if (!this.isLate) this.notes.push(`Time was up: one round only from "${what}" on.`);
    this.isLate = true;
    return 1;
  }

  /** The connection string of an embedded Azurite, new for each subject, because it slows down as it fills. */
  async freshEmulator(): Promise<string> {
    await this.emulator?.stop();
    const { startAzurite } = await projectModule<{ readonly startAzurite: () => Promise<Emulator> }>(
      'test/support/azurite.mjs',
    );
    this.emulator = await startAzurite();
    return this.emulator.connectionString;
  }

  async close(): Promise<void> {
    await this.emulator?.stop();
    this.server.stop();
  }
}
