/** Content is given to a cipher in steps. */

/** Number of bytes that a cipher gets at once. Larger steps are slower and block the loop longer (bench/history.md). */
export const STEP_LENGTH = 64 * 1024;

/** Cuts a chunk into steps. Most chunks are one. */
export function stepsOf(chunk: Uint8Array): Iterable<Uint8Array> {
  if (chunk.length > STEP_LENGTH) return longSteps(chunk);
  return chunk.length === 0 ? [] : [chunk];
}

function* longSteps(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += STEP_LENGTH) yield chunk.subarray(at, at + STEP_LENGTH);
}
