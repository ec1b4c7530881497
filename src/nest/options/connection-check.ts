/** Faults of `connection`: exactly one form, whole. */

type Loose = Readonly<Record<string, unknown>>;

const CLIENTS = ['blobServiceClient', 'queueServiceClient', 'tableClientFactory'] as const;
const ENDPOINTS = ['blobEndpoint', 'queueEndpoint', 'tableEndpoint'] as const;

/** A form is meant by whoever gives one of its members. `credential` belongs to two, and so tells nothing. */
const FORMS: readonly { readonly members: readonly string[]; faultsOf: (connection: Loose) => readonly string[] }[] = [
  { members: ['connectionString'], faultsOf: connectionStringFaults },
  { members: ['accountName', 'accountKey'], faultsOf: accountFaults },
  { members: ENDPOINTS, faultsOf: endpointFaults },
  { members: CLIENTS, faultsOf: () => [] },
];

export function connectionFaults(given: unknown): readonly string[] {
  if (typeof given !== 'object' || given === null) return ['"connection" is missing'];
  const connection = given as Loose;
  const forms = FORMS.filter(({ members }) => members.some((name) => connection[name] !== undefined));
  if (forms.length === 0) {
    return ['"connection" has none of connectionString, accountName, an endpoint or a client: give one of them'];
  }
  if (forms.length > 1) return ['"connection" mixes several forms: give just one of them'];
  return [...forms.flatMap(({ faultsOf }) => faultsOf(connection)), ...credentialFaults(connection['credential'])];
}

/** Names what is missing; never repeats a value, which may be a key. */
function connectionStringFaults({ connectionString }: Loose): readonly string[] {
  const path = '"connection.connectionString"';
  if (typeof connectionString !== 'string') return [`${path} must be a string`];
  if (connectionString.startsWith('UseDevelopmentStorage=true')) return [];
  const has = (part: string): boolean => new RegExp(`(^|;)\\s*${part}=[^;\\s]`).test(connectionString);
  const hasEndpoint = ['BlobEndpoint', 'QueueEndpoint', 'TableEndpoint'].some(has);
  if (has('SharedAccessSignature') && hasEndpoint) return [];
  const missing = [
    ...['DefaultEndpointsProtocol', 'AccountName', 'AccountKey'].filter((part) => !has(part)),
    ...(hasEndpoint || has('EndpointSuffix') ? [] : ['EndpointSuffix']),
  ];
  if (missing.length === 0) return [];
  return [`${path} lacks ${missing.join(', ')}: copy it whole from the account's access keys`];
}

function accountFaults({ accountName, accountKey, credential }: Loose): readonly string[] {
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  return [
    ...(isText(accountName) ? [] : ['"connection.accountName" is missing']),
    ...(isText(accountKey) === (credential === undefined)
      ? []
      : ['"connection" needs either "accountKey" or "credential" beside "accountName"']),
  ];
}

function endpointFaults(connection: Loose): readonly string[] {
  return ENDPOINTS.filter((name) => connection[name] !== undefined && !isUrl(connection[name])).map(
    (name) => `"connection.${name}" is not a URL`,
  );
}

function credentialFaults(credential: unknown): readonly string[] {
  if (credential === undefined) return [];
  const given = (typeof credential === 'object' && credential !== null ? credential : {}) as Loose;
  if (typeof given['getToken'] === 'function') return [];
  if (typeof given['computeHMACSHA256'] === 'function') {
    return ['"connection.credential" must not be a shared key credential object: give "accountName" and "accountKey"'];
  }
  const isAccountKey = typeof given['accountName'] === 'string' && typeof given['accountKey'] === 'string';
  return isAccountKey ? [] : ['"connection.credential" must have getToken, or accountName and accountKey'];
}

const isUrl = (value: unknown): boolean => typeof value === 'string' && URL.canParse(value);
