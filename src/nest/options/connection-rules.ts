/** Rules of `connection`: exactly one form, complete. */
import { accountKeyIn, isAccountKey, NO_ACCOUNT_KEY } from '../../encoding/account-key.js';
import { callable, group, isObject, type LooseOptions, must, object, type RulesOf, text } from '../../option-rules.js';
import type { StorageConnection } from './storage-connection.js';

const endpoint = must((value) => typeof value === 'string' && URL.canParse(value), 'a URL');

const CONNECTION: RulesOf<StorageConnection> = {
  connectionString: { faults: connectionStringFaults },
  accountName: text,
  accountKey: { faults: (value, path) => (isAccountKey(value) ? [] : [`"${path}" ${NO_ACCOUNT_KEY}`]) },
  endpointSuffix: text,
  credential: { faults: credentialFaults },
  blobEndpoint: endpoint,
  queueEndpoint: endpoint,
  tableEndpoint: endpoint,
  blobServiceClient: object,
  queueServiceClient: object,
  tableClientFactory: callable,
};

export const connection = group(CONNECTION, formFaults);

/** A form is chosen if one of its members is given. `credential` belongs to two forms, so it does not choose one. */
const FORMS: readonly (readonly (keyof typeof CONNECTION)[])[] = [
  ['connectionString'],
  ['accountName', 'accountKey'],
  ['blobEndpoint', 'queueEndpoint', 'tableEndpoint'],
  ['blobServiceClient', 'queueServiceClient', 'tableClientFactory'],
];

function formFaults(given: LooseOptions): readonly string[] {
  const forms = FORMS.filter((members) => members.some((name) => given[name] !== undefined));
  if (forms.length === 0) {
    const unset = FORMS.flat().filter((name) => name in given);
    if (unset.length > 0)
      return unset.map(
        (name) =>
          `"connection.${name}" is undefined: check where its value comes from, such as an environment variable`,
      );
    return ['"connection" has none of connectionString, accountName, an endpoint or a client: set one of them'];
  }
  if (forms.length > 1) return ['"connection" mixes several forms: use only one of them'];
  return [...(forms[0]?.includes('accountName') === true ? accountFaults(given) : []), ...tokenFaults(given)];
}

/**
 * Anyone can use a token that was sent unencrypted, until it expires. A request signed with an account key does not reveal the
 * key.
 */
function tokenFaults(given: LooseOptions): readonly string[] {
  if (!isTokenCredential(given['credential'])) return [];
  return (['blobEndpoint', 'queueEndpoint', 'tableEndpoint'] as const)
    .filter((name) => isInsecure(given[name]))
    .map(
      (name) =>
        `"connection.${name}" must begin with https, because a TokenCredential sends its token there: for an emulator over http, set "credential" to accountName and accountKey`,
    );
}

const isInsecure = (address: unknown): boolean =>
  typeof address === 'string' && URL.canParse(address) && new URL(address).protocol !== 'https:';

const isTokenCredential = (credential: unknown): boolean =>
  isObject(credential) && typeof credential['getToken'] === 'function';

function accountFaults({ accountName, accountKey, credential }: LooseOptions): readonly string[] {
  return [
    ...(accountName === undefined ? ['"connection.accountName" is missing'] : []),
    ...((accountKey === undefined) === (credential === undefined)
      ? ['"connection" needs "accountName" and either "accountKey" or "credential"']
      : []),
  ];
}

/** Names what is missing. It never repeats a value, which may be a key. */
function connectionStringFaults(connectionString: unknown, at: string): readonly string[] {
  const path = `"${at}"`;
  if (typeof connectionString !== 'string') return [`${path} must be a string`];
  if (connectionString.trim() === '') {
    return [`${path} is empty: set the environment variable or the secret that it comes from`];
  }
  if (connectionString.startsWith('UseDevelopmentStorage=true')) return [];
  const has = (part: string): boolean => new RegExp(`(^|;)\\s*${part}=[^;\\s]`).test(connectionString);
  const hasEndpoint = ['BlobEndpoint', 'QueueEndpoint', 'TableEndpoint'].some(has);
  if (has('SharedAccessSignature') && hasEndpoint) return [];
  const missing = [
    ...['DefaultEndpointsProtocol', 'AccountName', 'AccountKey'].filter((part) => !has(part)),
    ...(hasEndpoint || has('EndpointSuffix') ? [] : ['EndpointSuffix']),
  ];
  if (missing.length > 0)
    return [`${path} lacks ${missing.join(', ')}: copy the complete string from the account's access keys`];
  return isAccountKey(accountKeyIn(connectionString)) ? [] : [`AccountKey in ${path} ${NO_ACCOUNT_KEY}`];
}

function credentialFaults(credential: unknown, path: string): readonly string[] {
  if (isTokenCredential(credential)) return [];
  const given = isObject(credential) ? credential : {};
  if (typeof given['computeHMACSHA256'] === 'function') {
    return [`"${path}" must not be a shared key credential object: give "accountName" and "accountKey"`];
  }
  if (typeof given['accountName'] !== 'string' || typeof given['accountKey'] !== 'string')
    return [`"${path}" must have getToken, or accountName and accountKey`];
  return isAccountKey(given['accountKey']) ? [] : [`"${path}.accountKey" ${NO_ACCOUNT_KEY}`];
}
