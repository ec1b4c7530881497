/** The body of a request as the source of an upload. */
import { PayloadTooLargeException } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * Reads no faster than it is read, so a slow storage slows the client. The request outlives a failure, to be answered.
 *
 * @throws 413 before the first byte if the announced length is over the limit, and at the byte that is over it
 */
export function uploadBody(request: IncomingMessage, limitBytes: number): Readable {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  return Readable.from(limited(request, limitBytes), { objectMode: false });
}

async function* limited(request: IncomingMessage, limitBytes: number): AsyncGenerator<Buffer> {
  let taken = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    taken += chunk.length;
    if (taken > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

const tooLarge = (limitBytes: number): Error => new PayloadTooLargeException(`A scan has at most ${limitBytes} bytes`);
