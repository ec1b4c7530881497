/**
 * Opens stored content with encryption data that is not stored yet, to prove that it has the right content key: the first region of
 * content in regions, and otherwise all of it, because only its end shows whether the key was right.
 */
import { freeMemory } from '../../crypto/free-memory.js';
import { openEnvelope, storedLayout } from '../../envelope/envelope.js';
import { keyOperation } from '../../envelope/key-operation.js';
import { provingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { discard, NO_BODY, openBody } from '../../streams/opened-stream.js';
import { parseEncryptionData } from '../../wire/encryption-data.js';
import { type BlobContext, targetOf } from '../blob-context.js';
import { type ReadOptions, ReadRequests } from '../read-requests.js';
import { firstAnswer } from '../stored-blob.js';

/** Throws the error of a read unless the content opens. */
export async function assertContentOpens(context: BlobContext, text: string, options: ReadOptions): Promise<void> {
  const data = parseEncryptionData(text);
  const inRegions = storedLayout(data, 'stream').regions !== undefined;
  const range = inRegions ? { offset: 0, count: 1 } : { offset: 0 };
  const requests = new ReadRequests(context.client, options);
  try {
    const guess = inRegions ? storedLayout(data, 'stream').window(range, Infinity) : { offset: 0, count: Infinity };
    const { stored, fetched } = await firstAnswer(requests, guess);
    const { form, storedLength } = stored;
    const opener = await openEnvelope(provingPolicy(context.policy), data, {
      target: targetOf(context),
      form,
      storedLength,
      operation: keyOperation(options),
    });
    const window = opener.layout.window(range, storedLength);
    const isAtHand = fetched?.extent.count === window.count;
    if (fetched !== undefined && !isAtHand) discard(fetched.connection);
    const body = isAtHand ? requests.resumed(fetched.connection, window) : await bodyOf(requests, window);
    await openBody({ body, transform: opener.open(window, 'opened'), take: freeMemory });
  } finally {
    requests.end();
  }
}

const bodyOf = async (requests: ReadRequests, window: { readonly offset: number; readonly count: number }) =>
  window.count === 0 ? NO_BODY : requests.body(window);
