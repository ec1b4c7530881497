/** A Redis for only this test, on a Unix socket, so that it needs no free port. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './consumers.js';

export interface Redis {
  /** For `REDIS_URL`. */
  readonly url: string;
  stop(): Promise<void>;
}

export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

export async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const url = join(folder, 'redis.sock');
  const options = ['--port', '0', '--unixsocket', url, '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  const exit = once(server, 'exit');
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  // it is listening now
  await until(() => existsSync(url) || server.exitCode !== null);
  if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
  return { url, stop };
}
