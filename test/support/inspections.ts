/** Inspections as the command runs them, without a separate process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountOf } from '../../src/command/account.js';
import { type Command, parseCommand } from '../../src/command/inspect/arguments.js';
import { inspect } from '../../src/inspect/inspect.js';
import type { Finding, Report } from '../../src/inspect/report.js';
import { connectionString } from './azurite.js';

export async function inspected(...args: readonly string[]): Promise<Report> {
  const env = { AZURE_STORAGE_CONNECTION_STRING: connectionString() };
  const command = parseCommand(['inspect', ...args], env) as Command;
  return inspect(command, await accountOf(command.connection, env));
}

/** The finding for a single object. */
export async function findingOf(...args: readonly string[]): Promise<Finding> {
  const { findings } = await inspected(...args);
  if (findings.length !== 1) throw new Error(`${findings.length} findings`);
  return findings[0] as Finding;
}

export const codesOf = ({ anomalies }: Finding): readonly string[] => anomalies.map(({ code }) => code);

/** A folder for key files, removed after the tests of the file. It contains one AES key, which these arguments name. */
export function keyFolder(keyBase64: string): { readonly folder: string; readonly withKey: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key');
  writeFileSync(path, `${keyBase64}\n`);
  return { folder, withKey: ['--key-base64-file', path] };
}
