import { jest } from '@jest/globals';
import {
  isChanged,
  isLeased,
  isMessageGone,
  isMissing,
  isRangeNotSatisfiable,
  isResourceMissing,
  isTaken,
  retryOnConflict,
  missingResourceOf,
  serviceCodeOf,
} from '../../src/service-errors.js';

const PREDICATES = { isChanged, isLeased, isMessageGone, isMissing, isRangeNotSatisfiable, isResourceMissing, isTaken };
const meaningsOf = (error: unknown): string[] =>
  Object.entries(PREDICATES).flatMap(([name, holds]) => (holds(error) ? [name] : []));
const conflict = Object.assign(new Error('changed'), { statusCode: 412, code: 'ConditionNotMet' });

describe('the errors of the services', () => {
  it.each([
    ['a blob that changed', { statusCode: 412, code: 'ConditionNotMet' }, ['isChanged']],
    [
      'a row that changed',
      { statusCode: 412, details: { odataError: { code: 'UpdateConditionNotSatisfied' } } },
      ['isChanged'],
    ],
    ['an answer to HEAD without a code', { statusCode: 412 }, ['isChanged']],
    ['a lease whose id is missing', { statusCode: 412, code: 'LeaseIdMissing' }, ['isLeased']],
    ['a lease of another id', { statusCode: 409, code: 'LeaseIdMismatchWithBlobOperation' }, ['isLeased', 'isTaken']],
    ['a lease named in a header only', { statusCode: 412, details: { errorCode: 'LeaseIdMissing' } }, ['isLeased']],
    ['a missing blob', { statusCode: 404, code: 'BlobNotFound' }, ['isMessageGone', 'isMissing']],
    ['a missing container', { statusCode: 404, code: 'ContainerNotFound' }, ['isResourceMissing']],
    ['a missing table', { statusCode: 404, details: { odataError: { code: 'TableNotFound' } } }, ['isResourceMissing']],
    ['a message that another receiver has', { statusCode: 400, code: 'PopReceiptMismatch' }, ['isMessageGone']],
    ['an entity that exists', { statusCode: 409, code: 'EntityAlreadyExists' }, ['isTaken']],
    ['a range after the end', { statusCode: 416, code: 'InvalidRange' }, ['isRangeNotSatisfiable']],
    ['a status that is text', { statusCode: '412' }, []],
    ['a server error', { statusCode: 503, code: 'ServerBusy' }, []],
    ['nothing', undefined, []],
    ['a text', 'ConditionNotMet', []],
  ])('are recognised by their shape: %s', (_what, error, meanings) => {
    expect(meaningsOf(error)).toEqual(meanings);
  });

  it('have one code that may be shown, wherever the SDK stores it', () => {
    const codes = [
      { code: 'A' },
      { details: { errorCode: 'B' } },
      { details: { odataError: { code: 'C' } } },
      { code: 7 },
      { code: 'D\u001b[2J' },
    ];

    expect(codes.map(serviceCodeOf)).toEqual(['A', 'B', 'C', undefined, 'D\\u001b[2J']);
  });
});

describe('the path of a missing container, queue or table', () => {
  const missingTable = { statusCode: 404, details: { odataError: { code: 'TableNotFound' } } };

  it('contains no row keys and no signature', () => {
    const url = "https://x.table.core.windows.net/patients(PartitionKey='north',RowKey='17')?sv=1&sig=secret";

    expect(missingResourceOf({ ...missingTable, request: { url } })).toBe('/patients');
  });

  it('is unknown if another resource is missing, or if no request was sent', () => {
    const request = { url: 'https://x.blob.core.windows.net/scans/17' };

    expect(missingResourceOf({ statusCode: 404, code: 'BlobNotFound', request })).toBeUndefined();
    expect(missingResourceOf(missingTable)).toBeUndefined();
  });
});

describe('retryOnConflict', () => {
  const failing = (times: number, error: Error = conflict) => {
    const attempt = jest.fn((_made: number) =>
      attempt.mock.calls.length <= times ? Promise.reject(error) : Promise.resolve('done'),
    );
    return attempt;
  };

  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
  ])('succeeds after %i failed attempts', async (failures, attempts) => {
    const attempt = failing(failures);

    await expect(retryOnConflict({ attempts: 3, attempt })).resolves.toBe('done');
    expect(attempt).toHaveBeenCalledTimes(attempts);
    expect(attempt).toHaveBeenLastCalledWith(attempts);
  });

  it('throws the last conflict when the attempts are used up', async () => {
    const attempt = failing(3);

    await expect(retryOnConflict({ attempts: 3, attempt })).rejects.toBe(conflict);
    expect(attempt).toHaveBeenCalledTimes(3);
  });

  it('throws anything except a conflict at once', async () => {
    const attempt = failing(1, Object.assign(new Error('leased'), { statusCode: 412, code: 'LeaseIdMissing' }));

    await expect(retryOnConflict({ attempts: 3, attempt })).rejects.toThrow('leased');
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it('makes no further attempt if the caller has aborted', async () => {
    const attempt = failing(1);

    await expect(retryOnConflict({ attempts: 3, attempt, abortSignal: { aborted: true } })).rejects.toBe(conflict);
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});
