import { TimeSlice } from './time-slice.js';

/**
 * Runs `task` over the items, at most `limit` at once, and keeps their order. It yields to the event loop even if many tasks
 * begin. After a failure no further task begins, and the error is thrown once all running tasks have ended, so that the caller
 * can clean up without interference.
 */
export async function boundedMap<Item, Result>(
  items: readonly Item[],
  limit: number,
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const slice = new TimeSlice();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      // checked right before each task: another lane may have used up the turn
      while (slice.isSpent) await slice.breathe();
      if (next >= items.length) return;
      const index = next++;
      results[index] = await task(items[index] as Item);
    }
  };
  const errors: unknown[] = [];
  const stop = (error: unknown): void => {
    next = items.length;
    errors.push(error);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, () => lane().catch(stop)));
  if (errors.length > 0) throw errors[0];
  return results;
}
