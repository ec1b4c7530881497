/** Shows the filters that a search sends to the service, taken from outgoing requests. */
import type { TableServiceClientOptions } from '@azure/data-tables';
import { AsyncLocalStorage } from 'node:async_hooks';

type AdditionalPolicy = NonNullable<TableServiceClientOptions['additionalPolicies']>[number];

class SentFilters {
  private readonly current = new AsyncLocalStorage<Set<string>>();

  /** A pipeline policy for the clients of the SDK. */
  readonly recorded: AdditionalPolicy = {
    position: 'perCall',
    policy: {
      name: 'sentFilters',
      sendRequest: (request, next) => {
        const filter = new URL(request.url).searchParams.get('$filter');
        if (filter !== null) this.current.getStore()?.add(filter);
        return next(request);
      },
    },
  };

  /** The result, with every filter that was sent for it. */
  async of<Result>(
    work: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly asked: readonly string[] }> {
    const asked = new Set<string>();
    const result = await this.current.run(asked, work);
    return { result, asked: [...asked] };
  }
}

export const sentFilters = new SentFilters();
