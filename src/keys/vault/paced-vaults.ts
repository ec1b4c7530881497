import { linkedAbort } from '../../aborts.js';
import type { KeyOperationOptions } from '../key-encryption-key.js';
import type { KeyEventListener } from '../key-event.js';
import type { PaceEvent, VaultPaces } from './vault-pace.js';

/**
 * The vaults of one `keyVault` option: called at the pace that the whole process shares, and reported to one listener. Closing
 * ends calls that wait for their turn, so that no timer keeps the process alive; calls in progress end normally.
 */
export class PacedVaults {
  readonly #waiting = new Set<AbortController>();
  readonly #limits: (() => void)[] = [];
  #isClosed = false;

  constructor(
    private readonly paces: VaultPaces,
    private readonly onEvent: KeyEventListener | undefined,
  ) {}

  /** Limits the calls to a vault per second. */
  limit(address: string, requestsPerSecond: number): void {
    this.#limits.push(this.paces.of(address).limit(requestsPerSecond));
  }

  /** Makes the call when the pace of the vault allows it. */
  async run<Answer>(
    address: string,
    call: () => Promise<Answer>,
    { abortSignal, tracingOptions }: KeyOperationOptions = {},
  ): Promise<Answer> {
    const { controller: abort, unlink } = linkedAbort(abortSignal);
    const asking = async (): Promise<Answer> => {
      this.#waiting.delete(abort);
      return call().finally(() => this.#waiting.add(abort));
    };
    const onEvent = (event: PaceEvent): void => this.onEvent?.({ ...event, vaultUrl: address });
    const tracing = { tracingOptions };
    const beforeWait = (): void => {
      if (this.#isClosed) abort.abort();
    };
    this.#waiting.add(abort);
    try {
      const paced = { abortSignal: abort.signal, onEvent, beforeWait, ...tracing };
      return await this.paces.of(address).run(asking, paced);
    } catch (error) {
      throw abort.signal.aborted && abortSignal?.aborted !== true ? new Error(CLOSED, { cause: error }) : error;
    } finally {
      unlink();
      this.#waiting.delete(abort);
    }
  }

  /** Releases its share of the rates, and ends waiting calls. Later calls are made only if they do not have to wait. */
  close(): void {
    this.#isClosed = true;
    for (const release of this.#limits) release();
    for (const abort of this.#waiting) abort.abort();
  }
}

const CLOSED = 'The application shut down while a call waited for its turn at the vault';
