/**
 * The one list of all error codes, with what a developer should know about each. The union type `AnyEncryptedStorageError` is made
 * from it, and so are the tables of README.md and docs/errors.md (`npm run build && node tools/check-errors.mjs --write`).
 * Other files import only types from this one, so it is never loaded at run time. Texts are Markdown; links are relative to docs/.
 */
import * as content from './content.js';
import * as input from './input.js';
import * as integrity from './integrity.js';
import * as keys from './keys.js';
import * as transfer from './transfer.js';

interface ErrorGuide {
  readonly type: new (...args: never[]) => { readonly code: string };
  /** When it is thrown, and what it means. */
  readonly when: string;
  /** What to do about it. */
  readonly answer: string;
  /** Fields of the error, in backticks. Left out if there are none. */
  readonly carries?: string;
  /** Whether anything was sent to storage. */
  readonly sent: string;
  /** Whether the same call may succeed later. Left out if it cannot. */
  readonly again?: string;
}

export const ERRORS = [
  {
    type: input.InvalidOptionsError,
    when: 'an option of the module, of a key or of a call is invalid or unknown. Module options stop the application at start-up',
    answer: 'Fix every option that `faults` lists.',
    carries: '`faults`: every fault that was found',
    sent: 'no',
  },
  {
    type: input.InvalidEntityError,
    when: 'an entity class has no `@EncryptedEntity()`, seals and signs nothing although encryption is required, or marks a property that cannot be sealed or signed; an entity lacks a key, uses a reserved name or has more than 250 properties',
    answer: 'Fix the entity class, or the entity that you pass.',
    sent: 'no',
  },
  {
    type: keys.KeyMissingError,
    when: 'you write, but the policy has no `keyEncryptionKey`',
    answer: 'Set `keyEncryptionKey`. Without one, a module can only read.',
    sent: 'no',
  },
  {
    type: keys.KeyNotFoundError,
    when: 'a read finds no key: no configured key has the stored id, and the resolver returned `null`; the stored id is a malformed address of a key; or the vault has the key, but the key never had the stored version',
    answer: 'Add the key with that id to `keyResolver`. Do not delete keys that stored data still names.',
    carries: '`keyId` as stored',
    sent: 'reads',
  },
  {
    type: keys.KeyMismatchError,
    when: 'the resolver returned a key with another id',
    answer: 'Make the resolver return the key with exactly the requested id, or `null`.',
    carries: '`keyId` that was requested, `resolvedKeyId`',
    sent: 'reads',
  },
  {
    type: keys.KeyNotAllowedError,
    when: '`allowKey` did not return `true` for the stored key, or for the key that a write would store: it belongs to another tenant',
    answer:
      "Find out who wrote the object with that key. `allowKey` must also accept a tenant's older keys, see [keys.md](keys.md).",
    carries: '`keyId`, `resource`: the container, queue or table',
    sent: 'reads',
  },
  {
    type: keys.KeyAlgorithmError,
    when: 'the key does not allow the stored wrap algorithm: it is a key of another kind, or the metadata was changed',
    answer: 'Resolve the key id to a key of the right kind.',
    carries: '`keyId`, `algorithm` as stored',
    sent: 'reads',
  },
  {
    type: keys.KeyWrapError,
    when: 'the key refused to wrap, or returned an incomplete result or the content key itself',
    answer: 'Check the key and its permissions.',
    carries: '`keyId`; `cause`: what the key threw, unless that was an error of this package',
    sent: 'no',
  },
  {
    type: keys.KeyUnwrapError,
    when: 'the key refused to unwrap: another key has this id, the wrapped bytes were changed, or the key is a public key, which cannot read',
    answer: 'Check that the id still names the key that wrapped the content.',
    carries: '`keyId`; `cause`: what the key threw, unless that was an error of this package',
    sent: 'reads',
  },
  {
    type: keys.KeyUnavailableError,
    when: 'the key service did not respond, responded with 429 or 5xx, or no access token could be obtained; or a resolver or selector threw',
    answer: 'Retry with back-off. The data is intact.',
    carries: '`keyId`; `cause`',
    sent: 'reads',
    again: 'yes',
  },
  {
    type: keys.KeyAccessDeniedError,
    when: 'the key service responded with 401 or 403: the identity of the application lacks a role, or a firewall blocks it',
    answer:
      'Give the identity the role "Key Vault Crypto Service Encryption User", or allow the application in the firewall, see [keys.md](keys.md#when-access-is-lost). The data is intact.',
    carries: '`keyId`; `cause`',
    sent: 'reads',
    again: 'once access is back',
  },
  {
    type: keys.KeyDeletedError,
    when: 'the key service responded with 404, and does not confirm that the key still exists: it was deleted, or the address of the vault is wrong',
    answer: 'Recover the key, or restore it from a backup. Until then, nothing that it wrapped can be read.',
    carries: '`keyId`; `cause`',
    sent: 'reads',
    again: 'once the key is back',
  },
  {
    type: keys.KeyDisabledError,
    when: 'the version of the key is disabled, has expired (writes only) or is not valid yet',
    answer: 'Enable the version. To write again after an expiry, rotate the key.',
    carries: '`keyId`, `state`; `cause`',
    sent: 'reads',
    again: 'once the key is enabled',
  },
  {
    type: content.InvalidEncryptionDataError,
    when: 'the stored encryption data is damaged or has another format',
    answer: 'Restore the encryption data. For a blob, you can use a snapshot or a version.',
    sent: 'reads',
  },
  {
    type: content.UnsupportedProtocolError,
    when: 'the stored protocol version and algorithm are not a known pair',
    answer: 'Upgrade this package if a newer SDK wrote the object; otherwise the metadata was changed.',
    carries: '`protocol`, `algorithm` as stored',
    sent: 'reads',
  },
  {
    type: content.DecryptionError,
    when: 'the content cannot be decrypted: it was changed, truncated, or sealed with another content key. The error deliberately gives no reason',
    answer: 'Restore the content from a backup.',
    sent: 'reads',
  },
  {
    type: integrity.IntegrityMissingError,
    when: 'the integrity entries of the content are missing: they were removed, or `integrity` is `"require"` and the content was written without them',
    answer:
      'Restore the content from a backup. If it was written by another SDK or an older release, write it again or set `integrity` to `"verify"`.',
    sent: 'reads',
  },
  {
    type: integrity.ContextMismatchError,
    when: 'the content is bound to a different context than the one that `context` of the policy returns, or only one of the two has a context',
    answer:
      'Check what `context` returns for this target. If it is right, the content was copied there from somewhere else.',
    sent: 'reads',
  },
  {
    type: integrity.StaleContentError,
    when: 'the content does not have the integrity tag that the read expects: someone put back an old version, or wrote a new one',
    answer:
      'If a newer write of your application can explain it, read again with the tag of that write. Otherwise restore the content from a backup, and find out who changed it.',
    sent: 'reads',
  },
  {
    type: integrity.ProtocolNotAllowedError,
    when: 'a blob or message is stored in a protocol version that the policy does not read',
    answer:
      'If you expect such content, add its version to `readProtocols`. Content in 1.0 is less protected than content in 2.x.',
    carries: '`protocol`',
    sent: 'reads',
  },
  {
    type: integrity.LockedOutError,
    when: 'content in protocol 1.0 without integrity entries failed to open 16 times in an hour under the same wrapped key',
    answer: 'Find out who changes the content or sends it again and again. It can be read again within an hour.',
    carries: '`keyId`',
    sent: 'reads',
    again: 'yes, later',
  },
  {
    type: content.RegionOutOfOrderError,
    when: '2.x: a region is not where it was written. No byte of that region was released, but a stream has released earlier regions',
    answer: 'Restore the content from a backup. `downloadMisordered` reads it in the stored order.',
    carries: '`region`, counted from 0',
    sent: 'reads',
  },
  {
    type: content.PlaintextNotAllowedError,
    when: 'encryption is required, but the stored object was never encrypted, or its encryption data is gone',
    answer:
      'Find out who wrote the object. With `requireEncryption: false` you can read plaintext too, see [migrating.md](migrating.md).',
    sent: 'reads',
  },
  {
    type: transfer.DownloadInterruptedError,
    when: 'the connection broke during a download, and again on every attempt to fetch the rest (`maxRetryRequests`, 5 by default)',
    answer: 'Download the content again. If a stream has delivered part of it, discard that part.',
    carries: '`receivedBytes`, `expectedBytes`, both as stored; `cause`',
    sent: 'reads',
    again: 'yes',
  },
  {
    type: transfer.InvalidServiceResponseError,
    when: 'a response lacks a required part (a list of entities or messages, an ETag, a Content-Range), or contains something other than what was requested',
    answer:
      'Check the proxies and gateways between the application and the service: one of them changes responses. A write may have taken effect.',
    sent: 'reads',
    again: 'yes',
  },
  {
    type: input.PayloadTooLargeError,
    when: 'the encrypted content is larger than the service accepts, see [limits.md](limits.md). A stream is measured while it is read',
    answer: 'Make the content smaller. For a stream, use larger blocks.',
    carries: '`limitBytes`, `actualBytes`, both as stored',
    sent: 'no; a stream: blocks, uncommitted',
  },
  {
    type: input.UnsupportedOperationError,
    when: 'the operation, or one of its options, does not work with encryption',
    answer: 'Read the message. It says why, and what to use instead.',
    sent: 'no',
  },
  {
    type: input.UnsupportedValueError,
    when: 'an encrypted or signed property has a value that cannot be stored or signed, see [tables.md](tables.md); or the content of a message or blob is neither text nor bytes, or is text that UTF-8 cannot represent',
    answer: 'Give the property a value that can be stored; pass content as text or bytes.',
    carries: '`propertyName`, `null` for content',
    sent: 'no',
  },
  {
    type: content.CipherThreadError,
    when: 'the worker thread that sealed an upload ended. The blob is unchanged',
    answer: 'Upload again, or set `blob.workers` to 0.',
    carries: '`cause` if the thread failed',
    sent: 'blocks, uncommitted',
    again: 'yes',
  },
  {
    type: input.UnprocessableMessageError,
    when: 'thrown by your queue handler or by `message.json()`',
    answer: 'You do not have to do anything. The message is in the poison queue.',
    sent: '',
  },
  {
    type: input.UndeclaredPropertyError,
    when: 'encryption is required, and an entity or a filter has a property that its class neither marks with `@Encrypt()` or `@Sign()` nor lists under `clear` of `@EncryptedEntity()`',
    answer:
      'Declare the property, correct its name, or leave it out. See [tables.md](tables.md#every-property-is-declared).',
    carries: '`propertyName`',
    sent: 'no',
  },
  {
    type: input.EncryptedPropertyInFilterError,
    when: 'a filter names a property that is or may be sealed, so it would find nothing',
    answer:
      'Filter by clear properties, or make the property searchable. With `filterOnCiphertext: true` the filter compares stored bytes.',
    carries: '`propertyName`',
    sent: 'no',
  },
  {
    type: input.DuplicateValueError,
    when: "another row of the scope has the same value of a property with `lookup: 'unique'`, or an interrupted write has reserved it. The row was not written",
    answer:
      'Store another value. If no row has this one, `reindex` releases it an hour after the interrupted write, and the same row can take it at once.',
    carries: '`propertyName`',
    sent: 'reads and entries of the lookup table, not the row',
    again: 'once the other row no longer has the value',
  },
  {
    type: input.SourceLengthError,
    when: 'the source of an upload returned fewer or more bytes than announced. The blob is unchanged',
    answer: 'Pass the correct length, or use `uploadStream`, which does not need one.',
    carries: '`expectedBytes`, `actualBytes`; the latter is a minimum if there were more',
    sent: 'blocks, uncommitted',
  },
  {
    type: input.SourceConsumedError,
    when: 'the source of an upload has already been read (in full or in part), is locked or being read elsewhere, or was destroyed. A hash, a scanner, a body parser or an earlier upload may have consumed it. The blob is unchanged',
    answer: 'Pass a new stream, or read the content into memory first if you need it twice.',
    carries: '`cause`: the error, if the stream had failed',
    sent: 'no',
  },
  {
    type: content.UploadUnfinishedError,
    when: 'an upload of the page blob is in progress, or its process ended before the upload was complete',
    answer:
      'Read again later. If the process has died, upload again; until then `withSnapshot(previousSnapshot)` reads the previous content.',
    carries: '`previousSnapshot`, if there was previous content',
    sent: 'reads',
    again: 'yes',
  },
  {
    type: transfer.RollbackFailedError,
    when: 'an upload of pages failed, and the previous content could not be restored in time. Readers get `UPLOAD_UNFINISHED`, never parts of either content',
    answer: 'Upload again. The new upload replaces the blob, or restores the previous content if it fails too.',
    carries: '`cause`: why the upload failed; `rollbackError`; `previousSnapshot`, if there was previous content',
    sent: 'pages, unreadable',
    again: 'yes',
  },
] as const satisfies readonly ErrorGuide[];
