/**
 * Runs a suite with jest-circus as Jest does, but Node loads the modules: once for all suites of a worker. Jest would load the SDKs and Nest
 * again for each suite, which takes longer than most suites do.
 */
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { default: runWithCircus } = require('jest-circus/runner');

/** What jest-circus keeps of a suite at the global object, by the descriptions of the symbols. */
const KEPT_BY_CIRCUS = new Set(['EVENT_HANDLERS', 'JEST_STATE_SYMBOL', 'TEST_TIMEOUT_SYMBOL']);

let hasHooks = false;
/** How often each module was imported: Jest in watch mode runs a suite again, with its new text. */
const imports = new Map();

export default function runSuite(globalConfig, config, environment, runtime, path, sendMessage) {
  registerHooks();
  const modules = nativeModules(runtime);
  // no await: this function would be a frame of each failure
  return runWithCircus(globalConfig, config, environment, modules, path, sendMessage).finally(forgetSuite);
}

function registerHooks() {
  if (hasHooks) return;
  hasHooks = true;
  process.setSourceMapsEnabled(true);
  register('./typescript-hooks.mjs', import.meta.url);
}

/** What jest-circus asks of Jest's runtime. */
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

/** jest-circus begins each suite with a state of its own. */
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
