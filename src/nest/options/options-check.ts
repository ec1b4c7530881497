/** Checks options once, at start-up, and reports all faults together. */
import { InvalidOptionsError } from '../../errors/input.js';
import {
  accountName,
  callable,
  choice,
  flag,
  group,
  groupFaults,
  isObject,
  object,
  type OptionRule,
  refuse,
  type RulesOf,
  unreadFaults,
  wholeNumber,
} from '../../option-rules.js';
import { MESSAGE_ENCODINGS } from '../../queue/message-encoding.js';
import { connection } from './connection-rules.js';
import type {
  BlobOptions,
  EncryptedStorageModuleExtras,
  EncryptedStorageModuleOptions,
  QueueOptions,
  TableOptions,
} from './encrypted-storage.options.js';
import { partOfPolicy, regionFaults, wholePolicy } from './encryption-rules.js';

const MAX_WORKERS = 64;
/** In bytes. */
const MAX_KEPT_MEMORY = 1024 * 1024 * 1024;

const BLOB: RulesOf<BlobOptions> = {
  encryption: partOfPolicy,
  clientOptions: object,
  workers: wholeNumber(0, MAX_WORKERS),
  keptMemory: wholeNumber(0, MAX_KEPT_MEMORY, ' bytes'),
};
const QUEUE: RulesOf<QueueOptions> = {
  encryption: partOfPolicy,
  clientOptions: object,
  messageEncoding: choice(MESSAGE_ENCODINGS),
  traceContext: flag,
  onDecryptionFailed: callable,
};
const TABLE: RulesOf<TableOptions> = {
  encryption: partOfPolicy,
  clientOptions: object,
  onDecryptionFailed: callable,
  onSearchTagMismatch: callable,
};
const misplaced: OptionRule = {
  faults: (_value, path) => [`"${path}" must be given next to the factory of forRootAsync, not returned by it`],
};

/** Every option of `forRoot`, and of what the factory of `forRootAsync` returns. */
export const MODULE: RulesOf<EncryptedStorageModuleOptions & EncryptedStorageModuleExtras> = {
  connection,
  encryption: wholePolicy,
  blob: group(BLOB),
  queue: group(QUEUE),
  table: group(TABLE),
  name: misplaced,
  isGlobal: misplaced,
};
export const EXTRAS: RulesOf<EncryptedStorageModuleExtras> = { name: accountName, isGlobal: flag };

/** Throws {@link InvalidOptionsError} with every fault. */
export function checkOptions(options: EncryptedStorageModuleOptions): void {
  const given: unknown = options;
  refuse(
    isObject(given)
      ? [
          ...(isObject(given['connection']) ? [] : ['"connection" is missing']),
          ...(isObject(given['encryption']) ? [] : ['"encryption" is missing: give at least "protocol" and a key']),
          ...groupFaults(MODULE, withoutGaps(given)),
          ...unreadFaults(MODULE, given),
          ...inheritedRegionFaults(options),
        ]
      : ['options are missing: give "connection" and "encryption"'],
  );
}

/** Checks what is given next to the options, and that no option is lost when they are separated. Throws {@link InvalidOptionsError}. */
export function checkExtras(extras: EncryptedStorageModuleExtras | undefined, method: string): void {
  assertCalledWithOptions(extras, method);
  const { name, isGlobal } = extras;
  refuse([...groupFaults(EXTRAS, { name, isGlobal }), ...unreadFaults(MODULE, extras)]);
}

export function assertCalledWithOptions<T>(given: T | undefined, method: string): asserts given is T {
  if (!isObject(given)) throw new InvalidOptionsError([`${method} was called without options`]);
}

/** An option that was reported as missing is not reported as wrong too. */
const withoutGaps = ({ connection: one, encryption: other, ...rest }: Readonly<Record<string, unknown>>) => ({
  ...rest,
  connection: isObject(one) ? one : undefined,
  encryption: isObject(other) ? other : undefined,
});

/** A region length that one service sets, while it inherits a protocol that has no choice of region length. */
const inheritedRegionFaults = ({ encryption, ...services }: EncryptedStorageModuleOptions): readonly string[] =>
  (['blob', 'queue', 'table'] as const).flatMap((kind) => {
    const own = services[kind]?.encryption;
    if (!isObject(own) || own.protocol !== undefined || !isObject(encryption)) return [];
    return regionFaults({ ...encryption, regionLength: own.regionLength }, `${kind}.encryption`);
  });
