import { Logger } from '@nestjs/common';
import { MS, systemClock, TimeoutError, within } from '../../clock.js';
import { printable, quoted } from '../../encoding/printable.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import type { EncryptionTarget } from '../../keys/key-encryption-key.js';
import { groupFaults, milliseconds, must, object, refuse, type RulesOf } from '../../option-rules.js';
import {
  checks,
  hasChosenKeys,
  integrityModes,
  keyWarnings,
  type StorageHealthCheck,
  type HealthSubject,
  possibleChecks,
} from './health-checks.js';

const DEFAULT_TIMEOUT_MS = 3000;
const DEFAULT_MAX_AGE_MS = 10_000;

/** The options of a health probe. */
export interface StorageHealthOptions {
  /**
   * Milliseconds that a check may take before it counts as failed, 1 to 2,147,483,647.
   *
   * @defaultValue 3000
   */
  readonly timeout?: number;
  /**
   * Milliseconds for which a result, good or bad, is reused, so that probes do not flood a key service.
   *
   * @defaultValue 10,000
   */
  readonly maxAge?: number;
  /**
   * What to check.
   *
   * @defaultValue the services that the connection names, and the keys that write
   */
  readonly checks?: readonly StorageHealthCheck[];
  /** The target to choose a key for, if `keyEncryptionKey` is a function. Without it, such keys are not checked. */
  readonly keyTarget?: EncryptionTarget;
}

const NAMES = Object.keys(checks);

export const HEALTH: RulesOf<StorageHealthOptions> = {
  timeout: milliseconds,
  maxAge: must((value) => typeof value === 'number' && value >= 0, 'a number of milliseconds from 0'),
  checks: must(
    (value) => Array.isArray(value) && value.every((one) => NAMES.includes(one as string)),
    `a list of ${NAMES.join(', ')}`,
  ),
  keyTarget: object,
};

/** The result that Terminus expects from an indicator. */
export type StorageHealthResult<Key extends string> = Record<
  Key,
  {
    readonly status: 'up' | 'down';
    readonly message?: string;
    /** The integrity mode of each service, under the policy whose keys are checked. */
    readonly integrity: Readonly<Record<'blob' | 'queue' | 'table', 'verify' | 'require' | 'off'>>;
  }
>;

/** `null` means healthy. */
type Outcome = string | null;

interface Known {
  readonly until: number;
  readonly outcome: Promise<Outcome>;
}

/**
 * A health indicator for `@nestjs/terminus` 11 and 12, which it does not import. `key` wraps and unwraps 32 random bytes with
 * every key that writes; for a key that can only wrap, only wrapping is checked. `blob`, `queue` and `table` send one small
 * authenticated request each.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
 * import { EncryptedStorageHealthIndicator } from 'nestjs-azure-encrypted-storage';
 *
 * @Controller('health')
 * export class HealthController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly storage: EncryptedStorageHealthIndicator,
 *   ) {}
 *
 *   @Get()
 *   @HealthCheck()
 *   check(): Promise<HealthCheckResult> {
 *     return this.health.check([() => this.storage.isHealthy('storage', { checks: ['blob', 'key'] })]);
 *   }
 * }
 * ```
 */
export class EncryptedStorageHealthIndicator {
  readonly #subject: HealthSubject;
  readonly #logger = new Logger(EncryptedStorageHealthIndicator.name);
  readonly #known = new Map<string, Known>();
  readonly #down = new Set<StorageHealthCheck>();

  /** Created by the module. Inject it. */
  constructor(subject: HealthSubject) {
    this.#subject = subject;
  }

  /**
   * Whether all checks pass. It rejects only for invalid options. The message names each check that failed, with error code and key id, and contains
   * no secrets. `integrity` names the mode of each service. If all pass, the message warns about keys in a vault: a version that
   * expires within 30 days, a newest version that is disabled, and a vault without purge protection. Probes that run at the same time share one check.
   *
   * @throws `INVALID_OPTIONS` with every fault of the options
   */
  async isHealthy<Key extends string>(key: Key, options: StorageHealthOptions = {}): Promise<StorageHealthResult<Key>> {
    refuse(groupFaults(HEALTH, options));
    const names = [...new Set(options.checks ?? possibleChecks(this.#subject, options.keyTarget))];
    const outcomes = await Promise.all(names.map((name) => this.#outcomeOf(name, options)));
    const failed = names.flatMap((name, index) => (outcomes[index] === null ? [] : [`${name}: ${outcomes[index]}`]));
    const remarks = [...this.#passedOver(options), ...(names.includes('key') ? keyWarnings(this.#subject) : [])];
    const message = (failed.length > 0 ? failed : remarks).join('; ');
    const status = failed.length > 0 ? ('down' as const) : ('up' as const);
    const integrity = integrityModes(this.#subject);
    return { [key]: { status, ...(message === '' ? {} : { message }), integrity } } as StorageHealthResult<Key>;
  }

  #outcomeOf(name: StorageHealthCheck, options: StorageHealthOptions): Promise<Outcome> {
    const id = name === 'key' ? `key ${JSON.stringify(options.keyTarget ?? null)}` : name;
    const now = performance.now();
    const known = this.#known.get(id);
    if (known !== undefined && known.until > now) return known.outcome;

    for (const [other, { until }] of this.#known) if (until <= now) this.#known.delete(other);
    const outcome = this.#check(name, options);
    // an unfinished check is joined, no matter how short `maxAge` is
    this.#known.set(id, { until: Infinity, outcome });
    void outcome.then(() => {
      const until = performance.now() + (options.maxAge ?? DEFAULT_MAX_AGE_MS);
      this.#known.set(id, { until, outcome });
    });
    return outcome;
  }

  async #check(
    name: StorageHealthCheck,
    { timeout = DEFAULT_TIMEOUT_MS, keyTarget }: StorageHealthOptions,
  ): Promise<Outcome> {
    const abort = new AbortController();
    const call = { abortSignal: abort.signal, keyTarget };
    try {
      // a key class of the user may ignore the abort signal
      await within({ clock: systemClock, seconds: timeout / MS }, () => checks[name](this.#subject, call));
      this.#down.delete(name);
      return null;
    } catch (error) {
      const outcome = error instanceof TimeoutError ? `no answer in ${timeout} ms` : describe(error);
      this.#warnOnce(name, isEncryptedStorageError(error) ? error.message : outcome);
      return outcome;
    } finally {
      abort.abort();
    }
  }

  /** Logs once each time a check starts to fail, because a probe runs every few seconds. */
  #warnOnce(name: StorageHealthCheck, reason: string): void {
    if (this.#down.has(name)) return;
    this.#down.add(name);
    this.#logger.warn(`${name}: ${reason}`);
  }

  #passedOver({ checks: asked, keyTarget }: StorageHealthOptions): readonly string[] {
    const isPassedOver = asked === undefined && keyTarget === undefined && hasChosenKeys(this.#subject.policies);
    return isPassedOver ? ['keys that a function chooses were not checked: set "keyTarget"'] : [];
  }
}

/** Only codes and key ids, because foreign errors may contain anything. */
function describe(error: unknown): string {
  const { name, code, statusCode, keyId } = error as Partial<Record<string, string | number>>;
  const words = [code ?? name ?? 'Error', statusCode].filter((word) => word !== undefined);
  return [printable(words.join(' ')), ...(typeof keyId === 'string' ? [quoted(keyId)] : [])].join(' ');
}
