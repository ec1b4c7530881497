/**
 * Files of the project for programs that are compiled before they run (bench, test/faults), regardless of the output
 * folder.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('.', import.meta.resolve('nestjs-azure-encrypted-storage/package.json'));

/** A file of the project, by its path from the root. */
export const projectPath = (path: string): string => fileURLToPath(new URL(path, ROOT));

/** An internal module of the built package: the decoders and the parts of operations. */
export const builtModule = async <T>(path: string): Promise<T> =>
  (await import(new URL(`dist/esm/${path}`, ROOT).href)) as T;

/** A module of the project that is not compiled. */
export const projectModule = async <T>(path: string): Promise<T> => (await import(new URL(path, ROOT).href)) as T;

/** The version of an installed package. */
export function versionOf(name: string): string {
  const manifest = JSON.parse(readFileSync(projectPath(`node_modules/${name}/package.json`), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
