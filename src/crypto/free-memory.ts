/**
 * Frees memory at once, without waiting for the garbage collector. A cipher cannot write into memory of its caller: each step
 * returns new memory, so sealing a gigabyte produces a gigabyte of garbage, and the collector scans the whole heap every 40 MiB
 * to keep up (bench/history.md). Call this when you have copied what a cipher returned.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Below this number of bytes, the collector costs less. */
const LEAST_LENGTH = 4096;

let nowhere: MessagePort | undefined;

/**
 * Only for bytes that a cipher returned and that nothing else references: afterwards they are gone, and their view is empty.
 * Small pieces, and bytes that share their memory with others, are left to the collector.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < LEAST_LENGTH || byteLength !== buffer.byteLength) return;
  (nowhere ??= closedPort()).postMessage(null, [buffer as ArrayBuffer]);
}

/** A closed port drops what is transferred to it, and frees its memory (HTML, "message port post message steps"). */
function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
