/**
 * Runs a suite with jest-circus as Jest does, but lets Node load the modules once for all suites of a worker. Jest
 * would load the SDKs and Nest again for each suite, which takes longer than most suites do.
 */
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { default: runWithCircus } = require('jest-circus/runner');

/** The state of a suite that jest-circus keeps on the global object, by symbol description. */
const KEPT_BY_CIRCUS = new Set(['EVENT_HANDLERS', 'JEST_STATE_SYMBOL', 'TEST_TIMEOUT_SYMBOL']);

let hasHooks = false;
/** How often each module was imported: in watch mode, Jest runs a suite again with its new text. */
const imports = new Map();

export default function runSuite(globalConfig, config, environment, runtime, path, sendMessage) {
  registerHooks();
  const modules = nativeModules(runtime);
  // no await: this function would appear in the stack of each failure
  return runWithCircus(globalConfig, config, environment, modules, path, sendMessage).finally(forgetSuite);
}

function registerHooks() {
  if (hasHooks) return;
  hasHooks = true;
  process.setSourceMapsEnabled(true);
  register('./typescript-hooks.mjs', import.meta.url);
}

/** The parts of Jest's runtime that jest-circus uses. */
function nativeModules(runtime) {
  return {
    requireInternalModule: requireAnew,
    requireModule: require,
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: importNatively,
    setGlobalsForRuntime: () => undefined,
    enterTestCode: () => runtime.enterTestCode(),
    leaveTestCode: () => runtime.leaveTestCode(),
  };
}

/** jest-circus starts each suite with a new state. */
function requireAnew(path) {
  delete require.cache[path];
  return require(path);
}

function importNatively(path) {
  const count = imports.get(path) ?? 0;
  imports.set(path, count + 1);
  return import(`${pathToFileURL(path).href}${count === 0 ? '' : `?run=${count}`}`);
}

function forgetSuite() {
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (KEPT_BY_CIRCUS.has(symbol.description)) delete globalThis[symbol];
  }
}
