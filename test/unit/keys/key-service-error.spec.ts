import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { KeyUnavailableError, KeyUnwrapError, KeyWrapError } from '../../../src/errors/keys.js';
import { keyServiceError } from '../../../src/keys/key-service-error.js';
import { expectNoBytes } from '../../contract/key-encryption-key.contract.js';
import { RestError } from '../../contract/local-cryptography-client.js';

const UNWRAPPING = { keyId: 'k', refused: KeyUnwrapError };
const WRAPPING = { keyId: 'k', refused: KeyWrapError };
const named = (name: string, more: object = {}) => Object.assign(new Error('why'), { name, ...more });

type Failures = readonly (readonly [name: string, failure: unknown])[];
const UNREACHED: Failures = [
  ...[408, 429, 500, 502, 503, 504, 599].map((statusCode) => [`status ${statusCode}`, { statusCode }] as const),
  ['no status, from the pipeline', new RestError('why', { code: 'REQUEST_SEND_ERROR' })],
  ['no status, from the name service', named('Error', { code: 'ENOTFOUND', syscall: 'getaddrinfo' })],
  ['no token to ask with', named('CredentialUnavailableError')],
  ['no token from any of several credentials', named('AggregateAuthenticationError')],
  ['no answer in time', named('TimeoutError', { code: 23 })],
  ['a connection that was closed', named('Error', { code: 'ECONNRESET' })],
  ['a connection that was closed on fetch', named('TypeError', { cause: named('Error', { code: 'UND_ERR_SOCKET' }) })],
  ['an answer that broke off', new RestError('why', { code: 'PARSE_ERROR', statusCode: 200 })],
];
const REFUSED: Failures = [
  ...[400, 401, 403, 404, 407, 409, 428, 430, 499].map((code) => [`status ${code}`, { statusCode: code }] as const),
  ['no status, from a local computation', named('Error')],
  ['no status, from a cipher', named('Error', { code: 'ERR_OSSL_RSA_OAEP_DECODING_ERROR' })],
  ['no status, because of a refusal', named('Error', { cause: new RestError('why', { statusCode: 403 }) })],
  ['a word', 'why'],
  ['nothing', undefined],
  ['null', null],
];

describe('keyServiceError', () => {
  it.each(UNREACHED)('takes %s for a service that cannot be reached', (_name, failure) => {
    for (const call of [UNWRAPPING, WRAPPING]) {
      expect(keyServiceError(failure, call)).toBeInstanceOf(KeyUnavailableError);
    }
  });

  it('takes a port where nobody listens for a service that cannot be reached', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));

    const failure: unknown = await fetch(`http://127.0.0.1:${port}/`).catch((reason: unknown) => reason);

    expect(keyServiceError(failure, UNWRAPPING)).toBeInstanceOf(KeyUnavailableError);
  });

  it.each(REFUSED)('takes %s for a refusal', (_name, failure) => {
    expect(keyServiceError(failure, UNWRAPPING)).toBeInstanceOf(KeyUnwrapError);
    expect(keyServiceError(failure, WRAPPING)).toBeInstanceOf(KeyWrapError);
  });

  it('hands an abort through untouched', () => {
    const abort = named('AbortError');

    expect(keyServiceError(abort, UNWRAPPING)).toBe(abort);
  });

  it('keeps name, message, code and status in the cause', () => {
    const failure = new RestError('No permission', { statusCode: 403, code: 'Forbidden' });

    const { cause } = keyServiceError(failure, WRAPPING) as KeyWrapError;

    expect(cause).toMatchObject({ name: 'RestError', message: 'No permission', code: 'Forbidden', statusCode: 403 });
  });

  it('keeps nothing of the request and the answer, which hold the content key', () => {
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
