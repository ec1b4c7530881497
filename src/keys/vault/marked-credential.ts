import type { AccessToken, TokenCredential } from '@azure/core-auth';
import { isAbort } from '../../aborts.js';

/** Any error of a credential means that there is no token, and says nothing about the key or the content. */
export function markedCredential(credential: TokenCredential): TokenCredential {
  return {
    getToken: async (...request): Promise<AccessToken | null> => {
      try {
        return await credential.getToken(...request);
      } catch (error) {
        if (isAbort(error)) throw error;
        throw Object.assign(new Error(error instanceof Error ? error.message : String(error)), {
          name: 'KeyTokenError',
        });
      }
    },
  };
}
