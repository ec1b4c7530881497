/** Guards an action that must not happen twice under one content key: throws when called again. */
export function once(): () => void {
  let spent = false;
  return () => {
    if (spent) throw new Error('A sealer works once: make a new envelope for new content');
    spent = true;
  };
}
