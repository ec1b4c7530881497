/** Memory for the content of a whole download, whose length is what the service claims. */
import { InvalidOptionsError } from '../errors/input.js';

/** Throws {@link InvalidOptionsError} for more than a buffer or the process can hold. */
export function newMemory(length: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch {
    throw new InvalidOptionsError([
      `the content may have ${length} bytes, more than fit into memory: download it as a stream, to a file or by ranges`,
    ]);
  }
}
