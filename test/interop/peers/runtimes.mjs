/**
 * The programs that the peers run in: what each is made of, where it is kept, and how it is started. Each lives in a folder of its
 * own below .cache, named by a hash of what it is made of, so that it is made once.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, '..', '..', '..', '.cache', 'interop');
const PYTHON = '/usr/bin/python3';
const PYTHON_PEER = [join(HERE, 'python', 'peer.py')];
const PYTHON_ENVIRONMENT = { PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' };
/** Where Debian's packages keep what Python imports. */
const DEBIAN_MODULES = 'usr/lib/python3/dist-packages';
/** Of the one package that holds every SDK of Azure (600 MB), only these. */
const AZURE_PARTS = ['__init__.py', 'common', 'core', 'cosmosdb', 'multiapi', 'storage'];

/** @typedef {{ readonly command: readonly string[], readonly environment: Readonly<Record<string, string>> }} Program */

/**
 * @type {Readonly<Record<string, {
 *   readonly title: string,
 *   readonly sources: readonly string[],
 *   readonly tools: Readonly<Record<string, string>>, // what has to be there, and the Debian package that brings it
 *   readonly make: (folder: string) => void,
 *   readonly program: (folder: string, main?: string) => Program,
 * }>>}
 */
export const RUNTIMES = {
  debian: {
    title: 'the old and middle Python SDKs, from the packages of Debian 12',
    sources: ['python/debian-packages.txt'],
    tools: { [PYTHON]: 'python3', 'apt-get': 'apt', 'dpkg-deb': 'dpkg' },
    make(folder) {
      const packages = linesOf('python/debian-packages.txt');
      mkdirSync(join(folder, 'packages'));
      run('apt-get', ['download', ...packages], { cwd: join(folder, 'packages') });
      for (const file of readdirSync(join(folder, 'packages'))) {
        run('dpkg-deb', ['--extract', join(folder, 'packages', file), join(folder, 'unpacked')]);
        keepParts(join(folder, 'unpacked', DEBIAN_MODULES, 'azure'), AZURE_PARTS);
      }
      cpSync(join(folder, 'unpacked', DEBIAN_MODULES), join(folder, 'modules'), { recursive: true });
      rmSync(join(folder, 'packages'), { recursive: true });
      rmSync(join(folder, 'unpacked'), { recursive: true });
    },
    program: (folder) => ({
      command: [PYTHON, ...PYTHON_PEER],
      environment: { ...PYTHON_ENVIRONMENT, PYTHONPATH: join(folder, 'modules') },
    }),
  },
  pypi: {
    title: 'the current Python SDKs, from PyPI',
    sources: ['python/requirements.txt'],
    tools: { [PYTHON]: 'python3', [`${PYTHON} -m ensurepip`]: 'python3-venv' },
    make(folder) {
      run(PYTHON, ['-m', 'venv', folder]);
      const requirements = join(HERE, 'python', 'requirements.txt');
      run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
    },
    program: (folder) => ({
      command: [join(folder, 'bin', 'python'), ...PYTHON_PEER],
      environment: PYTHON_ENVIRONMENT,
    }),
  },
  java: {
    title: 'the current and the legacy Java SDK, from Maven Central',
    sources: ['java/pom.xml', ...javaSources()],
    tools: { javac: 'default-jdk-headless', mvn: 'maven' },
    make(folder) {
      run('mvn', ['-B', '-q', `-DbuildFolder=${folder}`, 'compile', 'dependency:copy-dependencies'], {
        cwd: join(HERE, 'java'),
      });
    },
    // `main`: the class to start, in the package of the peer
    program: (folder, main = 'Peer') => ({
      command: [
        ...['java', '-Xmx512m', '-Dfile.encoding=UTF-8'],
        ...['-cp', [join(folder, 'classes'), join(folder, 'libraries', '*')].join(delimiter), `peer.${main}`],
      ],
      environment: {},
    }),
  },
};

/**
 * Makes the runtime unless it was made before.
 *
 * @param {string} name
 * @param {string} [main] the program in it, if there are several
 * @returns {Program}
 */
export function madeRuntime(name, main) {
  const runtime = RUNTIMES[name];
  const folder = folderOf(name);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const unfinished = mkdtempSync(`${folder}-unfinished-`);
    try {
      runtime.make(unfinished);
      removeOlder(name, unfinished);
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return runtime.program(folder, main);
}

/** The tools of a runtime that are not there, as their Debian packages. */
export function missingPackages(name) {
  return Object.entries(RUNTIMES[name].tools)
    .filter(([tool]) => !isThere(tool))
    .map(([, debianPackage]) => debianPackage);
}

/** Runs a program to its end; throws what it printed if it fails. */
export function run(program, argumentList, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, argumentList, { encoding: 'utf8', ...options });
  if (status === 0) return;
  throw new Error(`${[program, ...argumentList].join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`);
}

function isThere(tool) {
  const [program, ...argumentList] = tool.split(' ');
  // the answer does not matter: what is not there cannot be started
  const { status, error } = spawnSync(program, [...argumentList, '--version'], { stdio: 'ignore' });
  return error === undefined && (argumentList.length === 0 || status === 0);
}

function folderOf(name) {
  const hash = createHash('sha256');
  for (const path of RUNTIMES[name].sources) hash.update(path).update(readFileSync(join(HERE, path)));
  return join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** What was made of other sources, and what a killed run left unfinished. */
function removeOlder(name, made) {
  for (const older of readdirSync(CACHE)) {
    const path = join(CACHE, older);
    if (older.startsWith(`${name}-`) && path !== made) rmSync(path, { recursive: true, force: true });
  }
}

function javaSources() {
  const folder = join('java', 'src', 'main', 'java', 'peer');
  return readdirSync(join(HERE, folder))
    .sort()
    .map((name) => join(folder, name));
}

const linesOf = (path) =>
  readFileSync(join(HERE, path), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

function keepParts(folder, names) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (!names.includes(name)) rmSync(join(folder, name), { recursive: true });
  }
}
