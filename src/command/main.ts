#!/usr/bin/env node
/** The command `npx nestjs-azure-encrypted-storage`. Exit codes: 0 nothing wrong, 1 something wrong or left, 2 wrong usage, 3 not reachable. */
import { isAbort } from '../aborts.js';
import { printable, printableJson } from '../encoding/printable.js';
import { InvalidOptionsError } from '../errors/input.js';
import { toText } from '../inspect/format-report.js';
import { isFine } from '../inspect/report.js';
import { missingResourceOf, serviceCodeOf, statusOf } from '../service-errors.js';
import { PACKAGE_VERSION } from '../version.js';
import { unlessClosed } from './closed-output.js';
import { EXIT } from './exit.js';
import { HELP, parseCommand } from './inspect/arguments.js';
import { missingPackageOf } from './missing-package.js';

async function run(args: readonly string[]): Promise<number> {
  if (args[0] === 'maintain') {
    const { maintain } = await import('./maintain/maintain.js');
    return maintain(args.slice(1), process.env);
  }
  return runInspect(args);
}

async function runInspect(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, process.env);
  if (typeof command === 'string') {
    process.stdout.write(command === 'help' ? HELP : `${PACKAGE_VERSION}\n`);
    return EXIT.fine;
  }
  // the SDKs take a while to load, which --help does not need
  const [{ inspect }, { accountOf }, { configuredForReading }] = await Promise.all([
    import('../inspect/inspect.js'),
    import('./account.js'),
    import('./configured-policy.js'),
  ]);
  const account = await accountOf(command.connection, process.env);
  const policy = command.config === undefined ? null : await configuredForReading(command.config);
  const report = await inspect(command, account, policy);
  process.stdout.write(command.json ? printableJson(report) : toText(report));
  return isFine(report) ? EXIT.fine : EXIT.wrong;
}

/** Prints only codes, because other parts of an error may contain a connection string. */
function explain(error: unknown): number {
  if (error instanceof InvalidOptionsError) {
    process.stderr.write(`${error.faults.join('\n')}\n\nSee --help.\n`);
    return EXIT.usage;
  }
  const missing = missingPackageOf(error);
  if (missing !== undefined) {
    process.stderr.write(`The command needs the package ${missing}: npm install ${missing}\n`);
    return EXIT.usage;
  }
  if (isAbort(error)) {
    process.stderr.write('Interrupted: to continue, run the same command again.\n');
    return EXIT.notReached;
  }
  const { name } = error as Partial<Error>;
  const found = [serviceCodeOf(error) ?? name ?? 'error', statusOf(error), missingResourceOf(error)];
  const words = found.filter((word) => word !== undefined);
  process.stderr.write(`The request failed: ${printable(words.join(' '))}\n`);
  return EXIT.notReached;
}

process.stdout.on('error', unlessClosed);
void run(process.argv.slice(2))
  .catch(explain)
  .then((code) => {
    process.exitCode = code;
  });
