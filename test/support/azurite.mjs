/** The emulator of the package's testing entry, compiled here because jest's global setup runs before any build. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const source = readFileSync(new URL('../../src/testing/emulator.ts', import.meta.url), 'utf8');
const { outputText } = ts.transpileModule(source, {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
});
const { startEmulator } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);

/**
 * @param {import('./azurite.d.mts').CertificateFiles} [certificate]
 * @returns {Promise<import('./azurite.d.mts').Emulator>}
 */
export const startAzurite = (certificate) => startEmulator(certificate === undefined ? {} : { certificate });
