#!/usr/bin/env node
/** The command `npx nestjs-azure-encrypted-storage`. Exit codes: 0 no anomalies, 1 anomalies, 2 wrong usage, 3 not reachable. */
import { InvalidOptionsError } from '../errors/input.js';
import { PACKAGE_VERSION } from '../version.js';
import { HELP, parseCommand } from './command-line.js';
import { toJson, toText } from './format-report.js';
import { isFine } from './report.js';

const [FINE, WRONG, USAGE, NOT_REACHED] = [0, 1, 2, 3];

async function run(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, process.env);
  if (typeof command === 'string') {
    process.stdout.write(command === 'help' ? HELP : `${PACKAGE_VERSION}\n`);
    return FINE;
  }
  // the SDKs take a while to load, which --help does not need
  const { inspect } = await import('./inspect.js');
  const report = await inspect(command);
  process.stdout.write(command.json ? toJson(report) : toText(report));
  return isFine(report) ? FINE : WRONG;
}

/** Prints only codes, because other parts of an error may contain a connection string. */
function explain(error: unknown): number {
  if (error instanceof InvalidOptionsError) {
    process.stderr.write(`${error.faults.join('\n')}\n\nSee --help.\n`);
    return USAGE;
  }
  const { name, code, statusCode } = error as Partial<Record<string, string | number>>;
  const words = [code ?? name ?? 'error', statusCode].filter((word) => word !== undefined);
  process.stderr.write(`The request failed: ${words.join(' ')}\n`);
  return NOT_REACHED;
}

void run(process.argv.slice(2))
  .catch(explain)
  .then((code) => {
    process.exitCode = code;
  });
