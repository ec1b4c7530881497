/** Reads a file as a source of plaintext. */
import { open } from 'node:fs/promises';

/** Number of bytes read from a file at once. */
const FILE_STEP = 1024 * 1024;

/**
 * Reads one step ahead, into memory that is reused.
 *
 * @param length - expected number of bytes, so that a small file takes little memory
 */
export async function* fileSource(path: string, length = Infinity): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  const read = (memory: Buffer): Promise<number> => {
    const reading = file.read(memory, 0, memory.length).then(({ bytesRead }) => bytesRead);
    // the error is reported when it is awaited
    reading.catch(() => undefined);
    return reading;
  };
  // one byte more, to detect the end of the file
  const memoryLength = Math.min(FILE_STEP, length + 1);
  let [filling, spare] = [Buffer.allocUnsafeSlow(memoryLength), Buffer.allocUnsafeSlow(memoryLength)];
  let reading = read(filling);
  try {
    for (let filled = await reading; filled > 0; filled = await reading) {
      const chunk = filling.subarray(0, filled);
      [filling, spare] = [spare, filling];
      reading = read(filling);
      yield chunk;
    }
  } finally {
    await reading.catch(() => undefined);
    await file.close();
  }
}
