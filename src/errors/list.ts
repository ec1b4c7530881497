/**
 * Every error code, and what a developer should know about it: the one list. The union type `AnyEncryptedStorageError` is made
 * from it, and so are the tables of README.md and docs/errors.md (`npm run build && node tools/check-errors.mjs --write`).
 * Other files import this one as a type only, so it is never loaded at run time. Texts are Markdown, links are those of docs/.
 */
import {
  InvalidEncryptionDataError,
  UnsupportedProtocolError,
  DecryptionError,
  RegionOutOfOrderError,
  PlaintextNotAllowedError,
  CipherThreadError,
} from './content.js';
import {
  InvalidOptionsError,
  InvalidEntityError,
  PayloadTooLargeError,
  UnsupportedOperationError,
  UnsupportedValueError,
  UnprocessableMessageError,
  EncryptedPropertyInFilterError,
  SourceLengthError,
} from './input.js';
import {
  KeyMissingError,
  KeyNotFoundError,
  KeyMismatchError,
  KeyNotAllowedError,
  KeyAlgorithmError,
  KeyWrapError,
  KeyUnwrapError,
  KeyUnavailableError,
} from './keys.js';

/** One row of the tables. */
interface ErrorGuide {
  readonly type: new (...args: never[]) => { readonly code: string };
  readonly code: string;
  /** When it is thrown, and what it means. */
  readonly when: string;
  /** What to do about it. */
  readonly answer: string;
  /** Fields of the error, in backticks. */
  readonly carries: string;
  /** Whether anything was sent to storage. */
  readonly sent: string;
  /** Whether the same call may succeed later. */
  readonly again: string;
}

export const ERRORS = [
  {
    type: InvalidOptionsError,
    code: 'INVALID_OPTIONS',
    when: 'options of the module, of a key or of a call cannot work, or have a name that no option has. Those of the module fail the start of the application',
    answer: 'mend what it lists',
    carries: '`faults`: every fault found',
    sent: 'no',
    again: 'no',
  },
  {
    type: InvalidEntityError,
    code: 'INVALID_ENTITY',
    when: 'an entity class marks what cannot be sealed, or nothing although encryption is required; an entity lacks a key, has a reserved name or more than 250 properties',
    answer: 'mend the class, when it is loaded or injected; or the entity',
    carries: '',
    sent: 'no',
    again: 'no',
  },
  {
    type: KeyMissingError,
    code: 'KEY_MISSING',
    when: 'a write, but the policy has no `keyEncryptionKey`',
    answer: 'give one; without one a module only reads',
    carries: '',
    sent: 'no',
    again: 'no',
  },
  {
    type: KeyNotFoundError,
    code: 'KEY_NOT_FOUND',
    when: 'a read: no configured key has the stored id, and the resolver answered `null`',
    answer: 'add the key of that id to `keyResolver`; do not delete keys that data still names',
    carries: '`keyId` as stored',
    sent: 'reads',
    again: 'no',
  },
  {
    type: KeyMismatchError,
    code: 'KEY_MISMATCH',
    when: 'the resolver answered with a key of another id',
    answer: 'make it answer with exactly the id asked for, or `null`',
    carries: '`keyId` asked for, `resolvedKeyId`',
    sent: 'reads',
    again: 'no',
  },
  {
    type: KeyNotAllowedError,
    code: 'KEY_NOT_ALLOWED',
    when: "`allowKey` did not say `true` to the stored key, or to the one that a write would store: it is another tenant's",
    answer:
      "find out who wrote it there, and how; `allowKey` must say yes to a tenant's older keys, see [keys.md](keys.md)",
    carries: '`keyId`, `resource`: the container, queue or table',
    sent: 'reads',
    again: 'no',
  },
  {
    type: KeyAlgorithmError,
    code: 'KEY_ALGORITHM_NOT_ALLOWED',
    when: 'the stored wrap algorithm is none that this key allows: a key of another kind, or metadata that was changed',
    answer: 'resolve the id to a key of the right kind',
    carries: '`keyId`, `algorithm` as stored',
    sent: 'reads',
    again: 'no',
  },
  {
    type: KeyWrapError,
    code: 'KEY_WRAP_FAILED',
    when: 'the key refused to wrap, or its answer lacked something',
    answer: 'check the key and its permissions',
    carries: '`keyId`; `cause`: what the key threw, if that was no error of ours',
    sent: 'no',
    again: 'no',
  },
  {
    type: KeyUnwrapError,
    code: 'KEY_UNWRAP_FAILED',
    when: 'the key refused to unwrap: another key has this id, or the wrapped bytes were changed; a public key was asked to read',
    answer: 'check that the id still names the key that wrapped',
    carries: '`keyId`; `cause`: what the key threw, if that was no error of ours',
    sent: 'reads',
    again: 'no',
  },
  {
    type: KeyUnavailableError,
    code: 'KEY_UNAVAILABLE',
    when: 'the key service did not answer, answered 408, 429 or 5xx, or a resolver or selector threw',
    answer: 'retry with back-off; the data is not to blame',
    carries: '`keyId`; `cause`',
    sent: 'reads',
    again: 'yes',
  },
  {
    type: InvalidEncryptionDataError,
    code: 'INVALID_ENCRYPTION_METADATA',
    when: 'there is encryption data, but it is damaged or not of this format',
    answer: 'restore it; for a blob from a snapshot or version',
    carries: '',
    sent: 'reads',
    again: 'no',
  },
  {
    type: UnsupportedProtocolError,
    code: 'UNSUPPORTED_PROTOCOL',
    when: 'the stored version and algorithm are no pair that is known',
    answer: 'upgrade this package if a newer SDK wrote it; otherwise it was changed',
    carries: '`protocol`, `algorithm` as stored',
    sent: 'reads',
    again: 'no',
  },
  {
    type: DecryptionError,
    code: 'DECRYPTION_FAILED',
    when: 'the content does not open: changed, cut, or sealed with another content key. Gives no reason, on purpose',
    answer: 'restore it',
    carries: '',
    sent: 'reads',
    again: 'no',
  },
  {
    type: RegionOutOfOrderError,
    code: 'REGION_OUT_OF_ORDER',
    when: '2.x: a region is not where it was written. Nothing of it was released; earlier regions of a stream were',
    answer: 'restore it; `downloadMisordered` reads it all the same',
    carries: '`region`, counted from 0',
    sent: 'reads',
    again: 'no',
  },
  {
    type: PlaintextNotAllowedError,
    code: 'PLAINTEXT_NOT_ALLOWED',
    when: 'encryption is required, but what is stored was never encrypted, or its encryption data is gone',
    answer: 'find out who wrote it; `requireEncryption: false` reads it, see [migrating.md](migrating.md)',
    carries: '',
    sent: 'reads',
    again: 'no',
  },
  {
    type: PayloadTooLargeError,
    code: 'PAYLOAD_TOO_LARGE',
    when: 'what would be sent is larger than the service takes, see [limits.md](limits.md). A stream is found too long only when it is',
    answer: 'make it smaller; for a stream choose larger blocks',
    carries: '`limitBytes`, `actualBytes`, both as stored',
    sent: 'no; a stream: blocks, uncommitted',
    again: 'no',
  },
  {
    type: UnsupportedOperationError,
    code: 'UNSUPPORTED_OPERATION',
    when: 'the operation, or an option of it, cannot hold together with encryption',
    answer: 'the message says why and what instead',
    carries: '',
    sent: 'no',
    again: 'no',
  },
  {
    type: UnsupportedValueError,
    code: 'UNSUPPORTED_VALUE',
    when: 'an encrypted property holds what cannot be stored, see [tables.md](tables.md)',
    answer: 'give it another value',
    carries: '`propertyName`',
    sent: 'no',
    again: 'no',
  },
  {
    type: CipherThreadError,
    code: 'CIPHER_THREAD_FAILED',
    when: 'the worker thread that sealed an upload ended. The blob is as it was',
    answer: 'upload again, or set `blob.workers` to 0',
    carries: '`cause` if the thread failed',
    sent: 'blocks, uncommitted',
    again: 'yes',
  },
  {
    type: UnprocessableMessageError,
    code: 'UNPROCESSABLE_MESSAGE',
    when: 'thrown by a handler of a queue, by yours or by `message.json()`',
    answer: 'nothing: the message is in the poison queue',
    carries: '',
    sent: '',
    again: 'no',
  },
  {
    type: EncryptedPropertyInFilterError,
    code: 'ENCRYPTED_PROPERTY_IN_FILTER',
    when: 'a filter names a property that is sealed, or may be; it would find nothing',
    answer: 'filter by clear properties; `filterOnCiphertext: true` compares what is stored',
    carries: '`propertyName`',
    sent: 'no',
    again: 'no',
  },
  {
    type: SourceLengthError,
    code: 'SOURCE_LENGTH_MISMATCH',
    when: 'the source of an upload gave fewer or more bytes than announced. The blob is as it was',
    answer: 'pass the true length; or `uploadStream`, which needs none',
    carries: '`expectedBytes`, `actualBytes`: at least, if more',
    sent: 'blocks, uncommitted',
    again: 'no',
  },
] as const satisfies readonly ErrorGuide[];
