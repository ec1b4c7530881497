import { AbortError, type AbortSignalLike } from '@azure/abort-controller';

/** Many callers wait for one answer: if one aborts, the others continue to wait. */
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
