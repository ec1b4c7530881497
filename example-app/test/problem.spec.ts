import { jest } from '@jest/globals';
import { type ArgumentsHost, BadRequestException, Logger, NotFoundException } from '@nestjs/common';
import {
  DecryptionError,
  InvalidOptionsError,
  KeyUnavailableError,
  PayloadTooLargeError,
  UnsupportedValueError,
} from 'nestjs-azure-encrypted-storage';
import { problemOf } from '../src/http/problem.js';
import { ProblemFilter } from '../src/http/problem.filter.js';

const fromStorage = (more: object): Error => Object.assign(new Error('https://account/x?sig=secret'), more);
const named = (statusCode: number | undefined, code?: string): Error =>
  fromStorage({ name: 'RestError', statusCode, code });

describe('the problem of an error', () => {
  it.each([
    [new DecryptionError(), 500, 'DECRYPTION_FAILED'],
    [new KeyUnavailableError('k'), 503, 'KEY_UNAVAILABLE'],
    [new PayloadTooLargeError('It', 1, 2), 413, 'PAYLOAD_TOO_LARGE'],
    [new UnsupportedValueError('name', 'holds null'), 422, 'UNSUPPORTED_VALUE'],
    // a code that the table does not list is an error of the server
    [new InvalidOptionsError(['x']), 500, 'INVALID_OPTIONS'],
    [new NotFoundException('x'), 404, 'NOT_FOUND'],
    [named(404, 'BlobNotFound'), 404, 'BlobNotFound'],
    [named(409, 'EntityAlreadyExists'), 409, 'EntityAlreadyExists'],
    [named(412, 'ConditionNotMet'), 412, 'ConditionNotMet'],
    // the client cannot fix an error between the service and the clinic
    [named(403, 'AuthorizationFailure'), 502, 'AuthorizationFailure'],
    [named(503, 'ServerBusy'), 503, 'ServerBusy'],
    [named(429, 'TooManyRequests'), 503, 'TooManyRequests'],
    [named(undefined, 'REQUEST_SEND_ERROR'), 503, 'REQUEST_SEND_ERROR'],
    [new Error('x'), 500, 'INTERNAL_SERVER_ERROR'],
    ['no error at all', 500, 'INTERNAL_SERVER_ERROR'],
  ])('of %s has status %d and code %s', (error, status, code) => {
    expect(problemOf(error)).toMatchObject({ status, code, type: 'about:blank' });
  });

  it.each([
    ['a table', { details: { odataError: { code: 'ResourceNotFound' } } }],
    ['an answer without a body', { details: { errorCode: 'ResourceNotFound' } }],
  ])('reads the code from %s', (_, more) => {
    expect(problemOf(fromStorage({ name: 'RestError', statusCode: 404, ...more })).code).toBe('ResourceNotFound');
  });

  it('says when to retry, but only if that can help', () => {
    expect(problemOf(new KeyUnavailableError('k')).headers).toEqual({ 'Retry-After': '5' });
    expect(problemOf(new DecryptionError()).headers).toEqual({});
  });

  it('lists the faults of a request', () => {
    const problem = problemOf(new BadRequestException(['name must be a string']));

    expect(problem).toMatchObject({ status: 400, code: 'BAD_REQUEST', errors: ['name must be a string'] });
  });

  it.each([[new Error('secret')], [named(500)], [named(400)], [named(404)]])(
    'does not repeat the message of a library',
    (error) => {
      expect(JSON.stringify(problemOf(error))).not.toContain('secret');
    },
  );

  it('identifies each occurrence', () => {
    expect(problemOf(new DecryptionError()).instance).not.toBe(problemOf(new DecryptionError()).instance);
  });
});

it('logs where an unexpected error was thrown, without its message', () => {
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const host = { switchToHttp: () => ({ getResponse: () => ({ headersSent: true, destroy: () => undefined }) }) };

  new ProblemFilter().catch(new TypeError('Jane Doe\nhas a murmur'), host as unknown as ArgumentsHost);

  const logged = log.mock.calls.flat().join(' ');
  log.mockRestore();
  expect(logged).toMatch(/INTERNAL_SERVER_ERROR urn:uuid:.* TypeError\n +at .*problem\.spec/s);
  expect(logged).not.toMatch(/Jane|murmur/);
});
