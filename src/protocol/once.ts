/** Guards what must not happen twice under one content key. */
export function once<T>(make: () => T): () => T {
  let spent = false;
  return () => {
    if (spent) throw new Error('A sealer works once: make a new envelope for new content');
    spent = true;
    return make();
  };
}
