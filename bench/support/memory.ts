/** Peak memory of a process that is started for one transfer, so that nothing else has raised it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ContentKind } from './stored-content.js';
import { Blobs, Materials, plainService, prepared, type Transfer } from './transfer.js';

const THIS_FILE = fileURLToPath(import.meta.url);

interface Order {
  readonly url: string;
  readonly kind: ContentKind;
  readonly transfer: Transfer;
}

/** Peak resident memory in MiB. */
export async function peakMemory(url: string, kind: ContentKind, transfer: Transfer): Promise<number> {
  const order: Order = { url, kind, transfer };
  const { stdout } = await promisify(execFile)(process.execPath, [THIS_FILE, JSON.stringify(order)]);
  return Number(stdout);
}

if (process.argv[1] === THIS_FILE) {
  const { url, kind, transfer } = JSON.parse(process.argv[2]!) as Order;
  const materials = new Materials();
  const client = new Blobs(plainService(url)).client(kind, `${kind}-${transfer.length}`);
  const work = await prepared(client, transfer, materials);
  await work();
  process.stdout.write(String(peakMib()));
}

/** For this process. On Linux, `maxRSS` of a child includes the peak of its parent, but the value in /proc does not. */
export function peakMib(): number {
  const { maxRSS } = process.resourceUsage();
  if (process.platform !== 'linux') return maxRSS / 1024;
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? maxRSS) / 1024;
}
