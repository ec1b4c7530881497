/** Events of keys, for metrics: ids, counts and times; never the bytes of a key. */

/**
 * An event of a key or of its vault. `keyId` may come from storage, so it is escaped and truncated after 256 characters.
 *
 * - `wrapped`, `unwrapped`: a call to a key succeeded. `where` is `process` for keys that wrap in this process, `service` for all
 *   others
 * - `failed`: a call to a key failed; `code` is that of the error that the caller gets. Calls that were aborted are not reported
 * - `cacheHit`: a content key was in the cache, or another read had already requested it, so its key was not called
 * - `cacheMiss`: the content key was not in the cache, so its key was called
 * - `throttled`: a vault answered 429 or 503, and no call is sent to it for `pause` milliseconds
 * - `waited`: a call waited `milliseconds` before it could be sent to the vault
 * - `versionConfirmed`: the vault confirmed which version of a key writes; `keyId` names it
 * - `versionUnconfirmed`: the vault did not confirm a version, because of `code`. The known version writes until its confirmation is
 *   twice as old as `refresh`, unless the vault reported it as disabled or deleted
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
      /** Whether a deleted key can be destroyed permanently at once; `undefined` if the vault does not report it. */
      readonly isPurgeable: boolean | undefined;
      /** Id of the newest version, if it is disabled and an older one writes instead. */
      readonly insteadOf?: string | undefined;
    }
  | { readonly kind: 'versionUnconfirmed'; readonly keyId: string; readonly code: string };

/** Called with each event. It must not throw, and should return quickly, because the call to the key waits for it. */
export type KeyEventListener = (event: KeyEvent) => void;
