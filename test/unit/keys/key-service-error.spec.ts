import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import {
  type KeyAccessDeniedError,
  KeyUnavailableError,
  KeyUnwrapError,
  KeyWrapError,
} from '../../../src/errors/keys.js';
import { isKeyOutage } from '../../../src/envelope/content-fault.js';
import { keyOutage, keyServiceError } from '../../../src/keys/key-service-error.js';
import { expectNoBytes } from '../../contract/key-encryption-key.contract.js';
import { RestError } from '../../contract/local-cryptography-client.js';

const UNWRAPPING = { keyId: 'k', refused: KeyUnwrapError };
const WRAPPING = { keyId: 'k', refused: KeyWrapError };
const named = (name: string, more: object = {}) => Object.assign(new Error('why'), { name, ...more });

const innerCode = (code: string) =>
  Object.assign(new RestError('why', { statusCode: 403, code: 'Forbidden' }), {
    details: { error: { code: 'Forbidden', innererror: { code } } },
  });

type Failures = readonly (readonly [name: string, failure: unknown])[];
const UNAVAILABLE: Failures = [
  ...[408, 429, 500, 502, 503, 504, 599, 407, 409, 428].map(
    (code) => [`status ${code}`, { statusCode: code }] as const,
  ),
  ['no status, from the pipeline', new RestError('why', { code: 'REQUEST_SEND_ERROR' })],
  ['no status, from the name service', named('Error', { code: 'ENOTFOUND', syscall: 'getaddrinfo' })],
  ['no token for the request', named('CredentialUnavailableError')],
  ['no token from any of several credentials', named('AggregateAuthenticationError')],
  ['a token endpoint that refuses the secret', named('AuthenticationError', { statusCode: 401 })],
  ['a token endpoint that does not know the tenant', named('AuthenticationError', { statusCode: 400 })],
  ['a user who has to sign in again', named('AuthenticationRequiredError')],
  ['no answer in time', named('TimeoutError', { code: 23 })],
  ['a connection that was closed', named('Error', { code: 'ECONNRESET' })],
  ['a connection that was closed on fetch', named('TypeError', { cause: named('Error', { code: 'UND_ERR_SOCKET' }) })],
  ['an answer that is no JSON', named('SyntaxError')],
  ['a name in the key class that does not exist', named('ReferenceError')],
  ['an answer that broke off', new RestError('why', { code: 'PARSE_ERROR', statusCode: 200 })],
];
/** Nothing that a key service returns. A client that throws it has a bug. */
const UNKNOWN: Failures = [
  ['an error without a status', named('Error')],
  ['a word', 'why'],
  ['nothing', undefined],
  ['null', null],
];
const DENIED: Failures = [
  ['status 401', { statusCode: 401 }],
  ['status 403', { statusCode: 403 }],
  ['a firewall', new RestError('Client address is not authorized.', { statusCode: 403 })],
  ['an operation that the key does not permit', innerCode('KeyOperationForbidden')],
  [
    'a refusal that is the cause of another error',
    named('Error', { cause: new RestError('why', { statusCode: 403 }) }),
  ],
];
const REFUSED: Failures = [
  ...[400, 413, 431].map((code) => [`status ${code}`, { statusCode: code }] as const),
  ['no status, from a cipher', named('Error', { code: 'ERR_OSSL_RSA_OAEP_DECODING_ERROR' })],
];

describe('keyServiceError', () => {
  it.each([...UNAVAILABLE, ...UNKNOWN])('treats %s as an unreachable service', (_name, failure) => {
    for (const call of [UNWRAPPING, WRAPPING]) {
      expect(keyServiceError(failure, call)).toBeInstanceOf(KeyUnavailableError);
    }
  });

  it('treats a port on which nothing listens as an unreachable service', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));

    const failure: unknown = await fetch(`http://127.0.0.1:${port}/`).catch((reason: unknown) => reason);

    expect(keyServiceError(failure, UNWRAPPING)).toBeInstanceOf(KeyUnavailableError);
  });

  it.each(REFUSED)('treats %s as a rejection', (_name, failure) => {
    expect(keyServiceError(failure, UNWRAPPING)).toBeInstanceOf(KeyUnwrapError);
    expect(keyServiceError(failure, WRAPPING)).toBeInstanceOf(KeyWrapError);
  });

  it.each(DENIED)('treats %s as lost access', (_name, failure) => {
    expect(keyServiceError(failure, UNWRAPPING)).toMatchObject({ code: 'KEY_ACCESS_DENIED', keyId: 'k' });
  });

  it.each([404, 410])('treats status %d as a deleted key', (statusCode) => {
    expect(keyServiceError({ statusCode }, UNWRAPPING)).toMatchObject({ code: 'KEY_DELETED', keyId: 'k' });
  });

  it.each([
    [innerCode('KeyDisabled'), 'disabled'],
    [innerCode('KeyExpired'), 'expired'],
    [innerCode('KeyNotYetValid'), 'not valid yet'],
    [new RestError('Operation unwrapKey is not allowed on a disabled key.', { statusCode: 403 }), 'disabled'],
    [new RestError('Operation wrapKey is not allowed on an expired key.', { statusCode: 403 }), 'expired'],
  ])('reports the state of a key that may not be used (%#)', (failure, state) => {
    expect(keyServiceError(failure, UNWRAPPING)).toMatchObject({ code: 'KEY_DISABLED', state });
  });

  it('passes an abort on unchanged', () => {
    const abort = named('AbortError');

    expect(keyServiceError(abort, UNWRAPPING)).toBe(abort);
  });

  it('keeps name, message, code and status in the cause', () => {
    const failure = new RestError('No permission', { statusCode: 403, code: 'Forbidden' });

    const { cause } = keyServiceError(failure, WRAPPING) as KeyAccessDeniedError;

    expect(cause).toMatchObject({ name: 'RestError', message: 'No permission', code: 'Forbidden', statusCode: 403 });
  });

  it('keeps nothing from the request and the response, which contain the content key', () => {
    const contentKey = randomBytes(32);
    const body = JSON.stringify({ alg: 'A256KW', value: contentKey.toString('base64url') });
    const failures = [
      new RestError('The service is busy', { statusCode: 503, request: { body } }),
      new RestError('No permission', { statusCode: 403, request: { body } }),
      new RestError(`Unexpected end, ${body}`, { statusCode: 200, code: 'PARSE_ERROR', request: { body } }),
    ];

    for (const failure of failures) {
      expect(inspect(failure, { showHidden: true })).toContain('value');
      expectNoBytes(keyServiceError(failure, WRAPPING), contentKey);
    }
  });
});

describe('keyOutage', () => {
  it.each([...UNAVAILABLE, ...DENIED, ['status 404', { statusCode: 404 }] as const])(
    'reports an outage for %s, whichever key threw it',
    (_name, failure) => {
      expect(isKeyOutage(keyOutage(failure, 'k'))).toBe(true);
    },
  );

  it.each([...REFUSED, ...UNKNOWN])('reports no outage for %s', (_name, failure) => {
    expect(keyOutage(failure, 'k')).toBeNull();
  });
});
