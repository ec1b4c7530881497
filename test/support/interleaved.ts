/**
 * Clients of one table whose requests are sent one at a time, in an order determined by a seed, and which can end at
 * any request.
 */
import { setImmediate } from 'node:timers/promises';
import type { PipelinePolicy, PipelineRequest, SendRequest } from '@azure/core-rest-pipeline';
import type { Random } from '../faults/random.js';

/** Turns of the event loop within which a call makes its next request, if any. */
const TURNS = 4;

export class Interleaving {
  readonly #waiting: (() => Promise<void>)[] = [];

  constructor(private readonly random: Random) {}

  /** For all clients of one process, which ends like a killed one after this number of requests. */
  process(requests: number): PipelinePolicy {
    let left = requests;
    return {
      name: 'interleaved',
      sendRequest: async (request, next) => {
        const answer = await this.#inTurn(request, async (sent) => {
          if (left-- > 0) return next(sent);
          throw new Error('the process ends');
        });
        if (left <= 0) throw new Error('the process ends');
        return answer;
      },
    };
  }

  #inTurn(request: PipelineRequest, next: SendRequest): ReturnType<SendRequest> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => next(request).then(resolve, reject));
    });
  }

  /** Sends the requests of the calls until all calls have an outcome. */
  async run(calls: readonly Promise<unknown>[]): Promise<void> {
    const ongoing = new Set(calls);
    for (const call of calls) void call.finally(() => ongoing.delete(call));
    while (ongoing.size > 0) {
      for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
      const [send] = this.#waiting.splice(this.random.between(0, this.#waiting.length - 1), 1);
      await send?.();
    }
  }
}
