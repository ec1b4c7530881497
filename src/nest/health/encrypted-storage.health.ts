import { Logger } from '@nestjs/common';
import { printable, quoted } from '../../encoding/printable.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import type { EncryptionTarget } from '../../keys/key-encryption-key.js';
import {
  type CheckCall,
  checks,
  hasChosenKeys,
  type StorageHealthCheck,
  type HealthSubject,
  possibleChecks,
} from './health-checks.js';

const DEFAULT_TIMEOUT_MS = 3000;
const DEFAULT_MAX_AGE_MS = 10_000;

/** What a probe asks for. */
export interface StorageHealthOptions {
  /**
   * Milliseconds that a check may take before it counts as failed.
   *
   * @defaultValue 3000
   */
  readonly timeout?: number;
  /**
   * Milliseconds that an outcome, good or bad, answers for without asking again: probes do not flood a key service.
   *
   * @defaultValue 10,000
   */
  readonly maxAge?: number;
  /**
   * What to check.
   *
   * @defaultValue the services that the connection names, and the keys to write with
   */
  readonly checks?: readonly StorageHealthCheck[];
  /** What a key would be chosen for, where `keyEncryptionKey` is a function; without it such keys are not checked. */
  readonly keyTarget?: EncryptionTarget;
}

/** What Terminus takes from an indicator. */
export type StorageHealthResult<Key extends string> = Record<
  Key,
  { readonly status: 'up' | 'down'; readonly message?: string }
>;

/** `null` is well. */
type Outcome = string | null;

interface Known {
  readonly until: number;
  readonly outcome: Promise<Outcome>;
}

/**
 * A health indicator for `@nestjs/terminus` 11 and 12, which it does not import. `key` wraps and unwraps 32 random bytes with
 * every key that writes; a key that can only wrap only wraps. `blob`, `queue` and `table` are one small authenticated request.
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

  /** Made by the module; inject it. */
  constructor(subject: HealthSubject) {
    this.#subject = subject;
  }

  /**
   * Whether all checks pass; never rejects. The message names each check that failed, by error code and key id, and holds no
   * secret. Probes at the same time share one check.
   */
  async isHealthy<Key extends string>(key: Key, options: StorageHealthOptions = {}): Promise<StorageHealthResult<Key>> {
    const names = [...new Set(options.checks ?? possibleChecks(this.#subject, options.keyTarget))];
    const outcomes = await Promise.all(names.map((name) => this.#outcomeOf(name, options)));
    const failed = names.flatMap((name, index) => (outcomes[index] === null ? [] : [`${name}: ${outcomes[index]}`]));
    const message = failed.length > 0 ? failed.join('; ') : this.#passedOver(options);
    const status = failed.length > 0 ? ('down' as const) : ('up' as const);
    return { [key]: { status, ...(message === undefined ? {} : { message }) } } as StorageHealthResult<Key>;
  }

  #outcomeOf(name: StorageHealthCheck, options: StorageHealthOptions): Promise<Outcome> {
    const id = name === 'key' ? `key ${JSON.stringify(options.keyTarget ?? null)}` : name;
    const now = performance.now();
    const known = this.#known.get(id);
    if (known !== undefined && known.until > now) return known.outcome;

    for (const [other, { until }] of this.#known) if (until <= now) this.#known.delete(other);
    const outcome = this.#check(name, options);
    // an unfinished check is joined, however short the age
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
    const call: CheckCall = { abortSignal: abort.signal, ...(keyTarget === undefined ? {} : { keyTarget }) };
    try {
      await within(timeout, checks[name](this.#subject, call));
      this.#down.delete(name);
      return null;
    } catch (error) {
      this.#warnOnce(name, error);
      return describe(error);
    } finally {
      abort.abort();
    }
  }

  /** Once each time that a check starts to fail: a probe comes every few seconds. */
  #warnOnce(name: StorageHealthCheck, error: unknown): void {
    if (this.#down.has(name)) return;
    this.#down.add(name);
    this.#logger.warn(`${name}: ${isEncryptedStorageError(error) ? error.message : describe(error)}`);
  }

  #passedOver({ checks: asked, keyTarget }: StorageHealthOptions): string | undefined {
    const isPassedOver = asked === undefined && keyTarget === undefined && hasChosenKeys(this.#subject.policies);
    return isPassedOver ? 'keys that a function chooses were not checked: give "keyTarget"' : undefined;
  }
}

class NoAnswerError extends Error {}

/** A key of somebody's own may not heed the abort signal. */
async function within(timeout: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswerError(`no answer in ${timeout} ms`));
    }, timeout);
  });
  try {
    await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Codes and key ids: what other people's errors say may be anything. */
function describe(error: unknown): string {
  if (error instanceof NoAnswerError) return error.message;
  const { name, code, statusCode, keyId } = error as Partial<Record<string, string | number>>;
  const words = [code ?? name ?? 'Error', statusCode].filter((word) => word !== undefined);
  return [printable(words.join(' ')), ...(typeof keyId === 'string' ? [quoted(keyId)] : [])].join(' ');
}
