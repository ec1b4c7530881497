/**
 * A process that calls a route at a steady pace, whether it responds or not, and reports how long each response took
 * from the moment it was due. The parent sends commands as messages. The process ends with the parent.
 */
import { Agent, get } from 'node:http';

const EVERY_MS = 5;

let latencies: number[] = [];
let underWay = 0;
let timer: NodeJS.Timeout | undefined;
let due = 0;
const agent = new Agent({ keepAlive: true });

function ask(url: string): void {
  for (const now = performance.now(); due <= now; due += EVERY_MS) {
    const started = due;
    underWay += 1;
    get(url, { agent }, (response) => {
      response.resume().on('end', () => {
        latencies.push(performance.now() - started);
        underWay -= 1;
        finish();
      });
    });
  }
}

function finish(): void {
  if (timer !== undefined || underWay > 0) return;
  process.send?.(latencies);
  latencies = [];
}

process.on('message', (order: { readonly url?: string }) => {
  if (order.url === undefined) {
    clearInterval(timer);
    timer = undefined;
    finish();
    return;
  }
  const { url } = order;
  due = performance.now();
  timer = setInterval(() => {
    ask(url);
  }, 1);
});
process.on('disconnect', () => process.exit());
