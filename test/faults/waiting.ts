import { setTimeout as pause } from 'node:timers/promises';

const STEP_MS = 50;

/** Whether the condition held within `limit` ms. */
export async function holdsWithin(limit: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await pause(STEP_MS);
  }
  return true;
}
