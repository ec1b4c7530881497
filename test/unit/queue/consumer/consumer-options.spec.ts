import { consumerFaults, settingsOf } from '../../../../src/queue/consumer/consumer-options.js';

const WEEK = 604_800;
const faultsOf = (options: object, queue = 'referrals') => consumerFaults(queue, options);

describe('the options of a consumer', () => {
  it('are optional', () => {
    expect(faultsOf({})).toEqual([]);
    expect(settingsOf('referrals', {})).toMatchObject({
      concurrency: 1,
      maxFailures: 5,
      poisonQueue: 'referrals-poison',
    });
  });

  it('keep their defaults if they are undefined', () => {
    expect(faultsOf({ concurrency: undefined })).toEqual([]);
    expect(settingsOf('referrals', { concurrency: undefined })).toEqual(settingsOf('referrals', {}));
  });

  it.each([
    ['concurrency', 1, 1000],
    ['batchSize', 1, 32],
    ['visibilityTimeout', 1, WEEK],
    ['maxFailures', 1, Number.MAX_SAFE_INTEGER],
    ['maxDequeueCount', 1, Number.MAX_SAFE_INTEGER],
  ])('accept for %s whole numbers from %d to %d', (name, least, most) => {
    expect(faultsOf({ [name]: least })).toEqual([]);
    expect(faultsOf({ [name]: most })).toEqual([]);
    for (const wrong of [least - 1, most + 1, least + 0.5, NaN, Infinity, '1', null]) {
      expect(faultsOf({ [name]: wrong })).toEqual([expect.stringContaining(`"${name}" must be a whole number`)]);
    }
  });

  it.each([
    ['minPollDelay', 0.01, 3600, { maxPollDelay: 3600 }],
    ['maxPollDelay', 0.01, 3600, { minPollDelay: 0.01 }],
    ['minRetryDelay', 0, WEEK, { maxRetryDelay: WEEK }],
    ['maxRetryDelay', 0, WEEK, { minRetryDelay: 0 }],
    ['shutdownTimeout', 0, 3600, {}],
  ])('accept for %s a number of seconds from %d to %d', (name, least, most, others) => {
    expect(faultsOf({ ...others, [name]: least })).toEqual([]);
    expect(faultsOf({ ...others, [name]: most })).toEqual([]);
    for (const wrong of [least - 0.001, most + 0.001, NaN, '1']) {
      expect(faultsOf({ ...others, [name]: wrong })).toContainEqual(
        expect.stringContaining(`"${name}" must be a number`),
      );
    }
  });

  it('must be consistent with each other', () => {
    expect(faultsOf({ minPollDelay: 6 })).toEqual(['"minPollDelay" must not be above "maxPollDelay"']);
    expect(faultsOf({ minRetryDelay: 301 })).toEqual(['"minRetryDelay" must not be above "maxRetryDelay"']);
  });

  it.each(['ab', 'a'.repeat(64), 'Upper', 'a--b', '-ab', 'ab-', 'a_b', ''])(
    'reject %j as the name of a queue',
    (name) => {
      expect(faultsOf({ poisonQueue: name })).toHaveLength(1);
      expect(faultsOf({}, name)).toHaveLength(1);
    },
  );

  it('require a name for the poison queue if the name of the queue is too long for the default', () => {
    expect(faultsOf({}, 'a'.repeat(63))).toEqual([expect.stringContaining('"poisonQueue" must be')]);
    expect(faultsOf({ poisonQueue: 'poison' }, 'a'.repeat(63))).toEqual([]);
  });

  it('reject the queue itself as its poison queue', () => {
    expect(faultsOf({ poisonQueue: 'referrals' })).toEqual(['"poisonQueue" must be another queue']);
  });

  it('are all rejected at once', () => {
    expect(faultsOf({ concurrency: 0, createIfNotExists: 'yes', onEvent: 1 })).toHaveLength(3);
  });

  it('are rejected if misspelt, unless their value is undefined', () => {
    expect(faultsOf({ concurency: 5, visibilityTimout: undefined })).toEqual([
      expect.stringMatching(/^"concurency" is not an option: the options are concurrency, /),
    ]);
  });
});
