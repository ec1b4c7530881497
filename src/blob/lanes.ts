/** Parts that are fetched several at once. */

export interface Lanes {
  /** Number of parts. */
  readonly parts: number;
  /** Parts under way at once, at most. */
  readonly concurrency: number;
  readonly fetch: (part: number) => Promise<void>;
  /** Ends what is still under way when a part has failed. */
  readonly stop: () => void;
}

/** Fetches all parts. When it settles, no part is under way any more; throws what the first part that failed threw. */
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
