/** A vault with a limit of requests per second: it answers further ones with 429, without a Retry-After header. */
import { type InProcessVault, refusal } from './in-process-vault.js';

const MS = 1000;

/**
 * A bucket that holds the requests of one second and fills evenly. `now` is in milliseconds. Returns the number of
 * rejected requests.
 */
export function limitVault(vault: InProcessVault, requestsPerSecond: number, now: () => number): () => number {
  let left = requestsPerSecond;
  let at = now();
  let refused = 0;
  vault.fault = () => {
    const since = now() - at;
    at += since;
    left = Math.min(requestsPerSecond, left + (since * requestsPerSecond) / MS);
    if (left >= 1) {
      left -= 1;
      return undefined;
    }
    refused += 1;
    return refusal(429, 'Throttled');
  };
  return () => refused;
}
