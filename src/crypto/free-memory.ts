/**
 * Gives memory back at once, without waiting for the collector. A cipher cannot write into memory of its caller: each step
 * returns fresh memory, so a gigabyte sealed is a gigabyte thrown away, and the collector goes through the whole heap every 40 MiB
 * to keep up (bench/README.md). Whoever has copied what a cipher returned says so here.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Bytes below which the collector costs less. */
const LEAST_LENGTH = 4096;

let nowhere: MessagePort | undefined;

/**
 * Only for bytes that a cipher returned and nobody else holds: they are gone, and their view is empty. Bytes that share their
 * memory with others, and few, are left to the collector.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < LEAST_LENGTH || byteLength !== buffer.byteLength) return;
  (nowhere ??= closedPort()).postMessage(null, [buffer as ArrayBuffer]);
}

/** What is transferred to a port that has no other end is dropped, memory and all (HTML, "message port post message steps"). */
function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
