import { AbortError, type AbortSignalLike } from '@azure/abort-controller';

/** Many wait for one answer: a caller that aborts leaves the others waiting. */
export async function unlessAborted<Answer>(
  answer: Promise<Answer>,
  signal: AbortSignalLike | undefined,
): Promise<Answer> {
  if (signal === undefined) return answer;
  let leave: (() => void) | undefined;
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(new AbortError('The operation was aborted.'));
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
  });
  try {
    return await Promise.race([answer, left]);
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave);
  }
}
