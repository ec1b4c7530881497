import type { KeyOperationOptions } from '../key-encryption-key.js';
import type { KeyEventListener } from '../key-event.js';
import type { PaceEvent, VaultPaces } from './vault-pace.js';

/**
 * The vaults of one `keyVault` option: called at the pace that the whole process shares, and reported to one listener. Closing
 * ends calls that wait for their turn, so that no timer keeps the process alive; calls in progress end normally.
 */
export class PacedVaults {
  readonly #closing = new AbortController();
  readonly #limits: (() => void)[] = [];

  constructor(
    private readonly paces: VaultPaces,
    private readonly onEvent: KeyEventListener | undefined,
  ) {}

  /** Limits the calls to a vault per second. */
  limit(address: string, requestsPerSecond: number): void {
    this.#limits.push(this.paces.of(address).limit(requestsPerSecond));
  }

  /** Makes the call when the pace of the vault allows it. */
  run<Answer>(
    address: string,
    call: () => Promise<Answer>,
    { abortSignal, tracingOptions }: KeyOperationOptions = {},
  ): Promise<Answer> {
    const onEvent = (event: PaceEvent): void => this.onEvent?.({ ...event, vaultUrl: address });
    const closing = this.#closing.signal;
    return this.paces.of(address).run(call, { abortSignal, tracingOptions, onEvent, closing });
  }

  /** Releases its share of the rates, and ends waiting calls. Later calls are made only if they do not have to wait. */
  close(): void {
    for (const release of this.#limits) release();
    this.#closing.abort();
  }
}
