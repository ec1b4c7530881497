import { IsString } from 'class-validator';
import type { ReceivedMessageItem } from '@azure/storage-queue';
import { EncryptedQueueMessage } from '../../../../src/queue/consumer/encrypted-queue-message.js';
import type { SchemaResult, StandardSchema } from '../../../../src/queue/consumer/message-validator.js';

class Referral {
  @IsString()
  patient: string;
}

const messageOf = (text: string): EncryptedQueueMessage =>
  new EncryptedQueueMessage(
    { messageId: '1', dequeueCount: 1, insertedOn: new Date(0), expiresOn: new Date(0) } as ReceivedMessageItem,
    Buffer.from(text),
  );

/** Implemented as libraries do. */
const schemaOf = <T>(validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>): StandardSchema<T> => ({
  '~standard': { version: 1, vendor: 'test', validate },
});

const length = (value: unknown): SchemaResult<number> =>
  typeof value === 'string' ? { value: value.length } : { issues: [{ message: `got ${JSON.stringify(value)}` }] };

describe('json() of a message', () => {
  it('returns the value as the caller expects it, without a validator', () => {
    const { patient } = messageOf('{"patient":"jane"}').json<{ patient: string }>();

    expect(patient).toBe('jane');
  });

  it('returns an instance of the class', async () => {
    const referral = await messageOf('{"patient":"jane"}').json(Referral);

    expect(referral).toBeInstanceOf(Referral);
    expect(referral.patient).toBe('jane');
  });

  it.each([
    ['at once', schemaOf(length)],
    ['later', schemaOf((value) => Promise.resolve(length(value)))],
  ])('returns the output of a schema that validates %s', async (_when, schema) => {
    expect(await messageOf('"four"').json(schema)).toBe(4);
    await expect(messageOf('{"secret":1}').json(schema)).rejects.toMatchObject({ code: 'UNPROCESSABLE_MESSAGE' });
  });

  it.each(['{"patient":"secret".}', '{"secret":1}', '["secret"]', '"secret"', 'null', '{"patient":7}'])(
    'rejects %s for the class, without quoting the content',
    async (text) => {
      const failure: unknown = await messageOf(text)
        .json(Referral)
        .catch((error: unknown) => error);

      expect(failure).toMatchObject({ code: 'UNPROCESSABLE_MESSAGE' });
      expect(JSON.stringify([failure, (failure as Error).message, (failure as Error).cause])).not.toMatch(
        /secret|patient/,
      );
    },
  );
});
