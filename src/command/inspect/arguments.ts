/** Parses and checks the command line of `inspect`, and reports all faults at once. */
import { InvalidOptionsError } from '../../errors/input.js';
import type { InspectionRequest, Subject } from '../../inspect/inspect.js';
import type { NonceChoice } from '../../inspect/inspect-nonces.js';
import type { KeySource } from '../../inspect/inspection-key.js';
import { refuse } from '../../option-rules.js';
import { accountFaults, type AccountValues } from '../account-values.js';
import { missingVariable } from '../missing-variable.js';
import { parsed } from '../parsed.js';

export interface Command extends InspectionRequest {
  /** The values as they were given. */
  readonly connection: AccountValues;
  /** Path of a module that exports the policy to verify with. */
  readonly config: string | undefined;
  readonly json: boolean;
}

/** `kind` is what an option is for, if it is not for all. */
const OPTIONS = {
  'connection-string': { type: 'string' },
  account: { type: 'string' },
  'endpoint-suffix': { type: 'string' },
  'key-id': { type: 'string' },
  'key-base64-env': { type: 'string' },
  'key-base64-file': { type: 'string' },
  'pem-file': { type: 'string' },
  context: { type: 'string' },
  config: { type: 'string' },
  snapshot: { type: 'string', kind: 'blob' },
  'version-id': { type: 'string', kind: 'blob' },
  messages: { type: 'string', kind: 'queue' },
  nonces: { type: 'string', kind: 'blob' },
  'all-nonces': { type: 'boolean', kind: 'blob' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parsed<typeof OPTIONS>>['values'];

const MOST_MESSAGES = 32;
const DEFAULT_NONCES = 16;
const MOST_NONCES = 10_000;

export const HELP = `Shows what is stored of a blob, of messages or of an entity. It needs no key; with a key, it decrypts everything and
reports whether that works. It prints no plaintext and changes nothing.

  npx nestjs-azure-encrypted-storage inspect blob <container>/<name> [--snapshot <time> | --version-id <id>]
  npx nestjs-azure-encrypted-storage inspect queue <queue> [--messages <1..32>]
  npx nestjs-azure-encrypted-storage inspect entity <table> <PartitionKey> <RowKey>

  --connection-string <text>   default: the environment variable AZURE_STORAGE_CONNECTION_STRING
  --account <name>             sign in with @azure/identity instead; --endpoint-suffix, default core.windows.net
  --key-base64-env <name>      verify with the AES key in this environment variable, base64
  --key-base64-file <path>     verify with the AES key in this file, base64
  --pem-file <path>            verify with the private RSA key in this file
  --config <path>              verify with the "policy" that this module exports, with any keys, such as those in a vault
  --context <text>             the context to which the content was bound when it was written
  --key-id <id>                use the key only for this id; default: for any stored id
  --nonces <count>             number of region nonces to read, default 16
  --all-nonces                 read every nonce
  --json                       print JSON
  --help, --version

The other command is maintain, which rotates keys and counts: npx nestjs-azure-encrypted-storage maintain --help

Exit codes: 0 no anomalies; 1 anomalies, or the verification failed; 2 wrong usage; 3 not found, refused or not reachable.
`;

/** Throws `INVALID_OPTIONS` with every fault. */
export function parseCommand(args: readonly string[], env: NodeJS.ProcessEnv): Command | 'help' | 'version' {
  const { values, positionals } = parsed(args, OPTIONS);
  if (values.help === true) return 'help';
  if (values.version === true) return 'version';
  const subject = subjectOf(positionals.slice(1), values);
  const faults = [
    ...(positionals[0] === 'inspect' ? [] : ['the command is "inspect" or "maintain"']),
    ...accountFaults(values, env),
    ...keyFaults(values, env),
    ...countFaults(values),
  ];
  if (typeof subject === 'string') throw new InvalidOptionsError([subject, ...faults]);
  faults.push(...kindFaults(subject.kind, values));
  refuse(faults);
  return {
    subject,
    connection: values,
    nonces: nonceChoice(values),
    key: keySource(values),
    config: values.config,
    json: values.json === true,
  };
}

const nonceChoice = (values: Values): NonceChoice =>
  values['all-nonces'] === true ? 'all' : Number(values.nonces ?? DEFAULT_NONCES);

function subjectOf([kind, ...names]: readonly string[], values: Values): Subject | string {
  const [first = '', second = '', third = ''] = names;
  if (kind === 'blob') return blobOf(names, values);
  if (kind === 'queue' && names.length === 1) {
    return { kind, queue: first, messages: Number(values.messages ?? MOST_MESSAGES) };
  }
  if (kind === 'entity' && names.length === 3) return { kind, table: first, partitionKey: second, rowKey: third };
  return 'use blob <container>/<name>, queue <queue>, or entity <table> <PartitionKey> <RowKey>';
}

function blobOf(names: readonly string[], { snapshot, 'version-id': versionId }: Values): Subject | string {
  const [, container, blob] = /^([^/]+)\/(.+)$/s.exec(names.join(' ')) ?? [];
  if (names.length !== 1 || container === undefined || blob === undefined) return 'use blob <container>/<name>';
  if (snapshot !== undefined && versionId !== undefined) return 'give --snapshot or --version-id, not both';
  return { kind: 'blob', container, blob, snapshot, versionId };
}

function keyFaults(values: Values, env: NodeJS.ProcessEnv): string[] {
  const sources = (['key-base64-env', 'key-base64-file', 'pem-file', 'config'] as const).filter(
    (name) => values[name] !== undefined,
  );
  const variable = values['key-base64-env'];
  return [
    ...(sources.length > 1 ? [`use only one of ${sources.map((name) => `--${name}`).join(' and ')}`] : []),
    ...(['key-id', 'context'] as const)
      .filter((name) => (sources.length === 0 || values.config !== undefined) && values[name] !== undefined)
      .map((name) => `--${name} needs a key from a variable or a file`),
    ...(values.context === '' ? ['--context needs a text'] : []),
    ...(variable !== undefined && env[variable] === undefined ? [missingVariable(variable)] : []),
  ];
}

const kindFaults = (kind: Subject['kind'], values: Values): string[] =>
  Object.entries<{ readonly type: string; readonly kind?: string }>(OPTIONS)
    .filter(([name, { kind: only = kind }]) => only !== kind && values[name as keyof Values] !== undefined)
    .map(([name, { kind: only }]) => `--${name} is for inspect ${only}`);

const countFaults = ({ messages, nonces }: Values): string[] => [
  ...(isCount(messages, MOST_MESSAGES) ? [] : [`--messages must be a number from 1 to ${MOST_MESSAGES}`]),
  ...(isCount(nonces, MOST_NONCES) ? [] : [`--nonces must be a number from 1 to ${MOST_NONCES}`]),
];

const isCount = (text: string | undefined, most: number): boolean =>
  text === undefined || (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= most);

const keySource = (values: Values): KeySource => ({
  keyId: values['key-id'],
  base64Env: values['key-base64-env'],
  base64File: values['key-base64-file'],
  pemFile: values['pem-file'],
  context: values.context,
});
