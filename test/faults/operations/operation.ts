/** One call of the package, its preparation, and the check after it. */
import type { ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import type { Finding } from '../outcome.js';
import type { Random } from '../random.js';
import type { Storage } from '../storage.js';

export interface Ground {
  /** Uses the proxy. */
  readonly through: Storage;
  /** Bypasses the proxy. */
  readonly direct: Storage;
  readonly protocol: ProtocolVersion;
  readonly random: Random;
  /** A name that no other try uses: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** For files. */
  readonly folder: string;
}

export interface Prepared {
  run(signal: AbortSignal): Promise<unknown>;
  /** Checks what was returned and what is stored; `value` is set only if the call succeeded. */
  judge(end: { readonly succeeded: boolean; readonly value?: unknown }): Promise<Finding | undefined>;
}

export interface Operation {
  readonly name: string;
  readonly protocols: readonly ProtocolVersion[];
  /** Stores the objects that the call uses. */
  prepare(ground: Ground): Promise<Prepared>;
}
