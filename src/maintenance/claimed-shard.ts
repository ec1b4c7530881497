/** A shard claimed by this process. Its state is saved under its ETag, and a process whose save fails stops without an error. */
import type { DeletedObject } from '../envelope/maintenance/maintained.js';
import type { Clock } from '../clock.js';
import type { ObjectFailure } from './events.js';
import { failureLines, failuresName } from './failure-lines.js';
import { factsOf, NOTHING_DONE, type ShardState, withAttempt } from './shard.js';
import type { StateStore, StoredDocument } from './state-store.js';

export interface ShardClaims {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly worker: string;
  readonly claimSeconds: number;
}

interface FoundShard {
  readonly name: string;
  readonly stored: StoredDocument<ShardState>;
}

/** Claims a shard unless it is done, or another process has renewed its claim recently. */
export async function claimShard(
  { name, stored }: FoundShard,
  claims: ShardClaims,
  isDivisible: boolean,
): Promise<ClaimedShard | 'done' | 'taken'> {
  if (stored.value.done) return 'done';
  const { worker, claimedUntil = '' } = stored.value;
  if (worker !== claims.worker && claimedUntil > new Date().toISOString()) return 'taken';
  // a state that cannot be resumed is reset
  const state = isDivisible ? stored.value : { ...stored.value, ...NOTHING_DONE };
  const shard = new ClaimedShard(name, { ...stored, value: state }, claims);
  return (await shard.save({ attempts: withAttempt(state) })) ? shard : 'taken';
}

export class ClaimedShard {
  #state: ShardState;
  #etag: string;
  #isLost = false;
  /** Number of objects before the page whose failures were noted last. */
  #notedAt = -1;
  #saving: Promise<unknown> = Promise.resolve();
  /** Deletions to note with the next save, and that save. */
  readonly #toNote: DeletedObject[] = [];
  #noting: Promise<boolean> | undefined;
  #isBeating = false;
  #cancelBeat: () => void = () => undefined;

  constructor(
    /** Name of its document in the state. */
    readonly name: string,
    { value, etag }: StoredDocument<ShardState>,
    private readonly claims: ShardClaims,
  ) {
    this.#state = value;
    this.#etag = etag;
  }

  get state(): ShardState {
    return this.#state;
  }

  /** Whether another process has taken it over. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Saves progress; `false` once another process has taken over the shard. One save at a time. */
  save(progress: Partial<ShardState>): Promise<boolean> {
    return this.#inTurn(() => this.#saveNow(progress));
  }

  /**
   * Notes that an object is about to be deleted. Notes that arrive during another save are saved together.
   *
   * @returns `false` if another process has taken over the shard: then nothing must be deleted any more
   */
  noteDeletion({ name, copy, place }: DeletedObject): Promise<boolean> {
    this.#toNote.push({ name, copy, place });
    return (this.#noting ??= this.#inTurn(() => {
      this.#noting = undefined;
      const { deleting = [] } = this.#state;
      return this.#saveNow({ deleting: [...deleting, ...this.#toNote.splice(0)] });
    }));
  }

  #inTurn(save: () => Promise<boolean>): Promise<boolean> {
    const saved = this.#saving.then(save);
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Records which objects of the page after the saved position need attention. Call it before that page is saved. */
  async noteFailures(failures: readonly ObjectFailure[]): Promise<void> {
    const { seen: before, attempts = [] } = this.#state;
    // a repeated page may have fewer
    if (this.#isLost || (failures.length === 0 && this.#notedAt !== before)) return;
    this.#notedAt = before;
    const name = failuresName({ shard: this.name, attempt: attempts.at(-1)?.number ?? 0, before });
    await this.claims.store.writeLines(name, failureLines(failures));
  }

  startBeating(): void {
    this.#isBeating = true;
    const beat = async (): Promise<void> => {
      await this.save({}).catch(() => undefined);
      // it may have been stopped during the save
      if (this.#isBeating && !this.#isLost) this.startBeating();
    };
    this.#cancelBeat = this.claims.clock.after((this.claims.claimSeconds * 1000) / 3, () => void beat());
  }

  /** Releases the claim, so that others need not wait. */
  async release(): Promise<void> {
    this.stopBeating();
    await this.save({ claimedUntil: new Date(0).toISOString() }).catch(() => undefined);
  }

  stopBeating(): void {
    this.#isBeating = false;
    this.#cancelBeat();
  }

  async #saveNow(progress: Partial<ShardState>): Promise<boolean> {
    if (this.#isLost) return false;
    const { store, worker, claimSeconds } = this.claims;
    const claimedUntil = new Date(Date.now() + claimSeconds * 1000).toISOString();
    const value: ShardState = { ...this.#state, worker, claimedUntil, ...progress };
    const etag =
      (await store.replace(this.name, { value, etag: this.#etag }, factsOf(value))) ?? (await this.#ours(value));
    this.#isLost = etag === null;
    if (etag === null) return false;
    [this.#state, this.#etag] = [value, etag];
    return true;
  }

  /** The ETag if the response was lost but the save succeeded. */
  async #ours(value: ShardState): Promise<string | null> {
    const stored = await this.claims.store.read<ShardState>(this.name);
    return stored !== null && JSON.stringify(stored.value) === JSON.stringify(value) ? stored.etag : null;
  }
}
