import { accountKeyIn, isAccountKey, NO_ACCOUNT_KEY } from '../encoding/account-key.js';

/** Which account a command is about, as its command line says. Not with the clients: `--help` must not load the SDKs. */
export interface AccountValues {
  readonly 'connection-string'?: string | undefined;
  readonly account?: string | undefined;
  readonly 'endpoint-suffix'?: string | undefined;
}

export const connectionStringOf = (values: AccountValues, env: NodeJS.ProcessEnv): string =>
  values['connection-string'] ?? env['AZURE_STORAGE_CONNECTION_STRING'] ?? '';

export const accountFaults = ({ account, ...values }: AccountValues, env: NodeJS.ProcessEnv): readonly string[] => [
  ...(account === undefined && connectionStringOf(values, env) === ''
    ? ['give --account or --connection-string, or set AZURE_STORAGE_CONNECTION_STRING']
    : []),
  ...(account !== undefined && values['connection-string'] !== undefined
    ? ['give --account or --connection-string, not both']
    : []),
  ...(account === undefined && values['endpoint-suffix'] !== undefined
    ? ['--endpoint-suffix needs --account: a connection string has its own']
    : []),
  ...(account === undefined ? keyFaults(connectionStringOf(values, env)) : []),
];

/** A connection string may have no account key, but a signature. */
function keyFaults(connectionString: string): readonly string[] {
  const key = accountKeyIn(connectionString);
  return key === undefined || isAccountKey(key) ? [] : [`AccountKey in the connection string ${NO_ACCOUNT_KEY}`];
}
