/** What happens with keys, for metrics: ids, counts and times; never the bytes of a key. */

/**
 * One thing that happened with a key or with the vault that it is in. `keyId` may come from storage, so it is escaped and cut after
 * 256 characters.
 *
 * - `wrapped`, `unwrapped`: a key did what it was asked. `where` is `process` for keys that wrap in this process, `service` for all
 *   others
 * - `failed`: it did not; `code` is that of the error that the caller gets. Calls that were aborted are not reported
 * - `cacheHit`: a content key was in the cache, or another read was asking for it already, so its key was not asked
 * - `cacheMiss`: it was not, so its key was asked
 * - `throttled`: a vault answered 429 or 503, and no call is sent to it for `pause` milliseconds
 * - `waited`: a call has waited `milliseconds` until the vault could be asked
 * - `versionConfirmed`: the vault said which version of a key writes; `keyId` names it
 * - `versionUnconfirmed`: it did not, because of `code`. The version known so far writes until it is twice as old as `refresh`,
 *   unless the vault said that it is disabled or deleted
 */
export type KeyEvent =
  | {
      readonly kind: 'wrapped';
      readonly keyId: string;
      readonly algorithm: string;
      readonly where: 'process' | 'service';
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'unwrapped';
      readonly keyId: string;
      readonly algorithm: string;
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'failed';
      readonly operation: 'wrap' | 'unwrap';
      readonly keyId: string;
      readonly code: string;
      readonly milliseconds: number;
    }
  | { readonly kind: 'cacheHit' | 'cacheMiss'; readonly keyId: string }
  | { readonly kind: 'throttled'; readonly vaultUrl: string; readonly status: number; readonly pause: number }
  | { readonly kind: 'waited'; readonly vaultUrl: string; readonly milliseconds: number }
  | {
      readonly kind: 'versionConfirmed';
      readonly keyId: string;
      readonly expiresOn: Date | undefined;
      /** Whether a deleted key can be destroyed for good at once; `undefined` where the vault does not say. */
      readonly isPurgeable: boolean | undefined;
    }
  | { readonly kind: 'versionUnconfirmed'; readonly keyId: string; readonly code: string };

/** Gets each event when it happens. Must not throw, and should be quick: the call that it is about waits for it. */
export type KeyEventListener = (event: KeyEvent) => void;
