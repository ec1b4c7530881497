/**
 * A file that appears, or is replaced, only when it is complete. Until then its content, which may be plaintext, is in a separate
 * file that only the owner may read: `<target>.<host>-<process>-<thread>-<unique>.partial`. If the process dies, this file
 * remains until the next download to the same target removes it.
 */
import { type FileHandle, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { sha256, uniqueId } from '../crypto/bytes.js';

const OWNER_ONLY = 0o600;
const PERMISSIONS = 0o777;
/** Milliseconds after which a file of another host or thread, whose state is unknown, counts as abandoned. */
const LEFT_BEHIND = 24 * 60 * 60 * 1000;
const HOST_LENGTH = 8;
const HOST = sha256(hostname()).toString('hex').slice(0, HOST_LENGTH);
const PARTIAL = /^\.(?:([0-9a-f]{8})-(\d{1,10})-(\d{1,10})-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.partial$/;

/** The files that this thread is writing. */
const underWay = new Set<string>();

/** A file that appears only when it is complete, or a device or a pipe, which exposes everything that is written. */
export type WrittenFile = 'partial' | 'device';

/** Also writes to a device or a pipe, which has no half-written state to protect and is not replaced. */
export async function writeWholeFile(
  path: string,
  write: (file: FileHandle, kind: WrittenFile) => Promise<void>,
): Promise<void> {
  const existing = await stat(path).catch(() => null);
  if (existing !== null && !existing.isFile()) {
    return writeTo(await open(path, 'w'), (file) => write(file, 'device'));
  }

  const target = existing === null ? path : await realpath(path);
  await removeLeftBehind(target);
  const partial = `${target}.${HOST}-${process.pid}-${threadId}-${uniqueId()}.partial`;
  underWay.add(partial);
  try {
    await writeTo(await open(partial, 'wx', OWNER_ONLY), async (file) => {
      await write(file, 'partial');
      const mode = existing === null ? await defaultMode(partial) : existing.mode & PERMISSIONS;
      // some file systems do not support permissions
      await file.chmod(mode).catch(() => undefined);
    });
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    underWay.delete(partial);
  }
}

async function writeTo(file: FileHandle, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write(file);
  } finally {
    await file.close();
  }
}

/**
 * The mode of a new file in that folder, according to the umask and the rules of the folder. An empty file is created to find
 * out.
 */
async function defaultMode(partial: string): Promise<number> {
  const probe = partial.replace(/[^-]{12}\.partial$/, `${uniqueId().slice(-12)}.partial`);
  underWay.add(probe);
  const file = await open(probe, 'wx');
  try {
    return (await file.stat()).mode & PERMISSIONS;
  } finally {
    await file.close();
    await rm(probe, { force: true });
    underWay.delete(probe);
  }
}

/**
 * Removes what earlier downloads to this target left when their process died. Files that cannot be removed are left for the next
 * download.
 */
async function removeLeftBehind(target: string): Promise<void> {
  const [folder, name] = [dirname(target), basename(target)];
  const entries = await readdir(folder).catch(() => []);
  for (const other of entries.filter((entry) => entry.startsWith(`${name}.`))) {
    const found = PARTIAL.exec(other.slice(name.length));
    const path = join(folder, other);
    if (found !== null && (await isLeftBehind(path, found))) await rm(path, { force: true }).catch(() => undefined);
  }
}

async function isLeftBehind(path: string, [, host, pid, thread]: readonly (string | undefined)[]): Promise<boolean> {
  if (host === undefined) return true;
  if (host === HOST && !isAlive(Number(pid))) return true;
  if (host === HOST && Number(pid) === process.pid && Number(thread) === threadId) return !underWay.has(path);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > LEFT_BEHIND;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // a process of another user exists too
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
