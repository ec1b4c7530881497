/**
 * The program of a peer. It answers each line of JSON with a line of JSON, in sequence (test/interop/peers/README.md).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

interface Program {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
}

const programs = JSON.parse(process.env['LIVE_PEERS'] ?? '{}') as Readonly<Record<string, Program>>;

/** The error of the SDK and its causes, one line each: `Type: message`. */
export class PeerError extends Error {
  override readonly name = 'PeerError';

  constructor(readonly causes: readonly string[]) {
    super(causes.join('\n  caused by '));
  }
}

export class PeerProcess {
  private readonly waiting: Waiting[] = [];
  private printed = '';
  private failure: Error | undefined;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on('line', (line) => this.waiting.shift()?.resolve(line));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    child.once('error', (error) => this.fail(error.message));
    child.stdin.once('error', (error) => this.fail(error.message));
    child.once('close', (code) => this.fail(`it ended with exit code ${code ?? 'none'}`));
  }

  /** Whether this machine has the runtime. */
  static has(runtime: string): boolean {
    return runtime in programs;
  }

  static start(runtime: string): PeerProcess {
    const program = programs[runtime];
    if (program === undefined) throw new Error(`There is no runtime ${runtime}`);
    const [file, ...argumentList] = program.command;
    return new PeerProcess(spawn(file, argumentList, { env: { ...process.env, ...program.environment } }));
  }

  /** Throws {@link PeerError} for what the SDK threw. */
  async ask<Value>(request: object): Promise<Value> {
    if (this.failure !== undefined) throw this.failure;
    const line = await new Promise<string>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const answer = JSON.parse(line) as { value: Value } | { error: readonly string[] };
    if ('error' in answer) throw new PeerError(answer.error);
    return answer.value;
  }

  async stop(): Promise<void> {
    if (this.failure !== undefined) return;
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    await closed;
  }

  private fail(reason: string): void {
    this.failure ??= new Error(`The peer failed: ${reason}\n${this.printed}`);
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }
}
