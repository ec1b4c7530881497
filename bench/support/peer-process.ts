/** The bench's end of peer.py: a Python with the SDK, if this machine has one. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { projectPath } from '../../test/support/project.js';
import type { ContentKind } from './stored-content.js';

/** Debian's own comes last: another Python may stand before it in the path. */
const CANDIDATES = [process.env['BENCH_PYTHON'], 'python3', '/usr/bin/python3'];

export interface PeerOrder {
  readonly url: string;
  readonly direction: 'upload' | 'download';
  readonly kind: ContentKind;
  readonly length: number;
  readonly concurrency: number;
}

export interface PeerSample {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

type Python = ChildProcessByStdio<Writable, Readable, null>;

export class PeerProcess {
  private constructor(
    private readonly child: Python,
    private readonly lines: Interface,
    /** Names and versions of Python and of its SDK. */
    readonly versions: Readonly<Record<string, string>>,
  ) {}

  /** `null` where no Python has the SDK. */
  static async start(): Promise<PeerProcess | null> {
    for (const python of CANDIDATES) {
      const started = python === undefined ? null : await startWith(python);
      if (started !== null) return new PeerProcess(started.child, started.lines, started.versions);
    }
    return null;
  }

  get pid(): number {
    return this.child.pid!;
  }

  async transfer(order: PeerOrder): Promise<PeerSample> {
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const line = await nextLine(this.child, this.lines);
    if (line === null) throw new Error(`The Python SDK failed in ${JSON.stringify(order)}`);
    return JSON.parse(line) as PeerSample;
  }

  stop(): void {
    this.child.stdin.end();
  }
}

async function startWith(python: string) {
  const child = spawn(python, ['-W', 'ignore', projectPath('bench/support/peer.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const line = await nextLine(child, lines);
  return line === null ? null : { child, lines, versions: JSON.parse(line) as Record<string, string> };
}

/** `null` if the process ends before it. */
async function nextLine(child: Python, lines: Interface): Promise<string | null> {
  const stop = new AbortController();
  const ended = once(child, 'exit', { signal: stop.signal }).then(
    () => null,
    () => null,
  );
  const line = once(lines, 'line', { signal: stop.signal }).then(
    ([text]) => text as string,
    () => null,
  );
  const first = await Promise.race([line, ended]);
  stop.abort();
  return first;
}
