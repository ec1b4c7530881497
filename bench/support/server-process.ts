/** Controls the blob server: starts it, sets its pace, reads its counters. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServerCounts, ServerSettings } from './blob-server.js';
import type { StoredContentSeed } from './stored-content.js';

export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(...seeds: readonly [bare: StoredContentSeed, bound: StoredContentSeed]): Promise<ServerProcess> {
    const child = fork(fileURLToPath(new URL('blob-server.js', import.meta.url)), { stdio: ['ignore', 2, 2, 'ipc'] });
    await once(child, 'message');
    const { port } = await ask(child, { seeds });
    return new ServerProcess(child, `http://127.0.0.1:${port}/bench`);
  }

  /** Bytes a second for all connections together, or 0 for no limit. */
  async pace(rate: number): Promise<void> {
    await ask(this.child, { rate });
  }

  /** The requests to the server since the last call. */
  counts(): Promise<ServerCounts> {
    return ask(this.child, {});
  }

  stop(): void {
    this.child.kill();
  }
}

async function ask(child: ChildProcess, settings: ServerSettings): Promise<ServerCounts> {
  const answer = once(child, 'message');
  child.send(settings);
  const [counts] = (await answer) as [ServerCounts];
  return counts;
}
