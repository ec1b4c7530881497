/**
 * The environment of suites that share the modules and the globals of their worker. Changes by a suite are reverted
 * after it.
 */
import { mocker, timers } from './jest-globals.mjs';

export class SharedEnvironment {
  global = globalThis;
  fakeTimers = null;
  fakeTimersModern = timers;
  moduleMocker = mocker;

  before = { console, exit: process.exit, variables: { ...process.env } };

  getVmContext() {
    return null;
  }

  async setup() {
    // Jest would map stacks by what it has compiled; Node maps them by what it has loaded
    Error.prepareStackTrace = undefined;
  }

  async teardown() {
    timers.useRealTimers();
    mocker.restoreAllMocks();
    globalThis.console = this.before.console;
    process.exit = this.before.exit;
    for (const name of Object.keys(process.env)) {
      if (!(name in this.before.variables)) Reflect.deleteProperty(process.env, name);
    }
    Object.assign(process.env, this.before.variables);
  }
}

export default SharedEnvironment;
