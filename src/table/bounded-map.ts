import { TimeSlice } from '../streams/time-slice.js';

/** Runs `task` over the items, at most `limit` at once; order is kept, the event loop gets its turns. */
export async function boundedMap<Item, Result>(
  items: readonly Item[],
  limit: number,
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const slice = new TimeSlice();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await task(items[index] as Item);
      await slice.breathe();
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
