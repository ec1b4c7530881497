/** Runs the peers: a Python with the SDK, if this machine has one, and the Java SDK, if it can be built here. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { projectModule, projectPath } from '../../test/support/project.js';
import type { ContentKind } from './stored-content.js';

/** The Python of Debian is last, because another Python may precede it in the path. */
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

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class PeerProcess {
  private constructor(
    readonly name: string,
    private readonly child: Child,
    private readonly lines: Interface,
    /** Names and versions of the language and its SDK. */
    readonly versions: Readonly<Record<string, string>>,
  ) {}

  /** `null` if no Python has the SDK. */
  static async startPython(): Promise<PeerProcess | null> {
    for (const python of CANDIDATES) {
      if (python === undefined) continue;
      const started = await PeerProcess.start('Python SDK', [
        python,
        '-W',
        'ignore',
        projectPath('bench/support/peer.py'),
      ]);
      if (started !== null) return started;
    }
    return null;
  }

  /** `null` without a JDK or Maven, or if the SDK cannot be downloaded, which happens on first use. */
  static async startJava(): Promise<PeerProcess | null> {
    const { madeRuntime, missingPackages } = await projectModule<Runtimes>('test/interop/peers/runtimes.mjs');
    if (missingPackages('java').length > 0) return null;
    try {
      return await PeerProcess.start('Java SDK', madeRuntime('java', 'Transfers').command);
    } catch {
      return null;
    }
  }

  private static async start(name: string, [program = '', ...options]: readonly string[]): Promise<PeerProcess | null> {
    const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout });
    const line = await nextLine(child, lines);
    return line === null ? null : new PeerProcess(name, child, lines, JSON.parse(line) as Record<string, string>);
  }

  async transfer(order: PeerOrder): Promise<PeerSample> {
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const line = await nextLine(this.child, this.lines);
    if (line === null) throw new Error(`The ${this.name} failed in ${JSON.stringify(order)}`);
    return JSON.parse(line) as PeerSample;
  }

  stop(): void {
    this.child.stdin.end();
  }
}

/** The runtimes of the live tests. */
interface Runtimes {
  readonly missingPackages: (name: 'java') => readonly string[];
  readonly madeRuntime: (name: 'java', main: string) => { readonly command: readonly string[] };
}

/** `null` if the process ends first. */
async function nextLine(child: Child, lines: Interface): Promise<string | null> {
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
