/**
 * Checks that CI runs every command in the documents, or that this file lists what replaces it.
 *
 * Commands are the lines of `sh` blocks, and inline code that begins like a command. `by` is a line of .ci/run. What
 * has `prints` runs here.
 */
import { execSync } from 'node:child_process';
import { blocksOf, inlineCodeOf, textOf, written } from './markdown.mjs';

const TESTS = 'npm install && npm test';
const EXAMPLE = 'node .ci/example.mjs';
const RELEASE = 'only a release changes the version or publishes';

const RUNNERS = [
  { commands: ['npm install && npm test', 'npm test -- test/unit/keys'], by: TESTS },
  { commands: ['npm install && npm start', 'npm start', 'PORT=0 npm start'], by: EXAMPLE },
  { commands: ['LONG_PROPERTIES=true npm test -- test/property'], by: 'LONG_PROPERTIES=true npm test' },
  { commands: ['npm run test:interop', 'npm run test:interop -- --write'], by: 'npm run test:interop' },
  { commands: ['npm run test:faults'], by: 'npm run test:faults -- --short' },
  {
    commands: [
      'npm run test:faults -- --long',
      /^npm run test:faults -- --seed /,
      'npm run test:faults -- --long --write',
    ],
    why: 'a long round takes a quarter of an hour; CI makes a short one',
  },
  { commands: ['npm run lint'], by: 'npm run lint' },
  { commands: ['npm run typecheck'], by: 'npm run typecheck' },
  { commands: ['npm run build'], by: 'npm run build' },
  { commands: ['node tools/check-exports.mjs'], by: 'node tools/check-exports.mjs' },
  { commands: ['node tools/check-package.mjs'], by: 'node tools/check-package.mjs' },
  { commands: ['npm run docs:api'], by: 'node tools/check-api.mjs' },
  {
    commands: ['node tools/check-errors.mjs', 'node tools/check-errors.mjs --write'],
    by: 'node tools/check-errors.mjs',
  },
  ...['readme', 'links', 'book', 'api', 'commands'].map((name) => {
    const command = `node tools/check-${name}.mjs`;
    return { commands: [command], by: command };
  }),
  { commands: ['npm run bench -- --quick'], by: 'npm run bench -- --quick' },
  { commands: [/^npm run (--silent )?bench/], why: 'a whole run takes half an hour; CI makes a quick one' },
  { commands: ['node tools/screenshots.mjs <address>'], why: 'the person who takes new pictures looks at them' },
  { commands: ['.ci/run'], why: 'it is what runs everything else' },
  { commands: ['npm run changeset', 'npm run release:version', 'npm publish'], why: RELEASE },
  { commands: [/^node -p .*randomBytes\(32\)/], prints: /^[\w+/]{43}=\n$/ },
  // check-package.mjs runs the command from the tarball, and the tests cover all its options
  { commands: [/^npx nestjs-azure-encrypted-storage (inspect|maintain)( |$)/], by: 'node tools/check-package.mjs' },
  // the tarball is installed with its peers in place of the published package
  { commands: [/^npm install nestjs-azure-encrypted-storage( @azure\/[\w-]+)*$/], by: 'node tools/check-package.mjs' },
  { commands: ['node tools/screenshots.mjs <address>'], by: EXAMPLE },
  { commands: [/^curl .*http:\/\/127\.0\.0\.1:3000\//], by: EXAMPLE },
];
const INLINE_COMMAND = /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|\.ci\/run|curl|docker)(?: |$)/;
/** A line that does not run anything. */
const SETTING = /^export [A-Z_]+='[^']*'$/;

const script = textOf('.ci/run');
const commands = written().flatMap((document) => commandsIn(document).map((command) => ({ document, command })));
const faults = [
  ...commands.filter(({ command }) => runnerOf(command) === undefined).map(unknown),
  ...commands.filter(({ command }) => isWrong(command)).map(({ command }) => `this printed something else: ${command}`),
  ...RUNNERS.filter(({ by }) => by !== undefined && !script.includes(by)).map(({ by }) => `.ci/run has no "${by}"`),
  ...RUNNERS.flatMap((runner) => runner.commands.filter(isUnused).map((rule) => `no document has the command ${rule}`)),
];

for (const fault of faults) console.error(fault);
console.log(`${commands.length} commands in the documents checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function commandsIn(document) {
  const text = textOf(document);
  const blocks = blocksOf(text).filter(({ language }) => language === 'sh');
  return [...blocks.flatMap(({ code }) => linesOf(code)), ...inlineCodeOf(text).filter(isCommand)];
}

/** Without comments and lines that only set a variable. Lines that end with a backslash are joined. */
function linesOf(code) {
  const lines = code.replace(/\s*\\\n\s*/g, ' ').split('\n');
  return lines
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !SETTING.test(line));
}

function isCommand(code) {
  return INLINE_COMMAND.test(code);
}

function fits(rule, command) {
  return typeof rule === 'string' ? rule === command : rule.test(command);
}

function runnerOf(command) {
  return RUNNERS.find((runner) => runner.commands.some((rule) => fits(rule, command)));
}

function isWrong(command) {
  const { prints } = runnerOf(command) ?? {};
  return prints !== undefined && !prints.test(execSync(command, { encoding: 'utf8' }));
}

function isUnused(rule) {
  return !commands.some(({ command }) => fits(rule, command));
}

function unknown({ document, command }) {
  return `${document} has a command that CI does not run: ${command}`;
}
