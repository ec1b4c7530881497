/** Fetches several parts at once. */

interface Lanes {
  readonly parts: number;
  readonly concurrency: number;
  readonly fetch: (part: number) => Promise<void>;
  /** Ends the parts in progress when one has failed. */
  readonly stop: () => void;
}

/** Fetches all parts. When it settles, no part is in progress. Throws the error of the first part that failed. */
export async function fetchInLanes({ parts, concurrency, fetch, stop }: Lanes): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    try {
      for (let part = next++; part < parts; part = next++) await fetch(part);
    } catch (error) {
      failure ??= { error };
      next = Infinity;
      stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, parts) }, lane));
  if (failure !== undefined) throw failure.error;
}
