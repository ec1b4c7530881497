/** Bulk rewrapping of rows and of messages in poison queues. */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  type MaintenanceSource,
  parsePoisonMessage,
  runMaintenance,
  Sign,
} from 'nestjs-azure-encrypted-storage';
import { formatPoisonMessage } from '../../src/queue/consumer/poison-message.js';
import { uniqueTableName } from '../support/azurite.js';
import { likewise, newQueue, plainQueue, until, visibleTexts } from '../support/consumers.js';
import { after, before, during, NEW, OLD } from '../support/maintenance.js';
import { requestsOf, tableOf } from '../support/tables.js';

@EncryptedEntity<Patient>({ clear: ['ward', 'visits'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward?: string;
  visits?: number;
  @Sign() seen?: Date;
}

const rewrap = (source: MaintenanceSource, options = {}) =>
  runMaintenance({ name: 'leave', task: { do: 'rewrap', retire: [OLD] }, sources: [source] }, options);

const patient = (rowKey: string, more: Partial<Patient> = {}) => ({
  ...{ partitionKey: 'north', rowKey, name: `name of ${rowKey}` },
  ...more,
});

describe('rows', () => {
  let old: EncryptedTableClient<Patient>;
  let both: EncryptedTableClient<Patient>;
  let young: EncryptedTableClient<Patient>;
  beforeEach(async () => {
    const name = uniqueTableName('rows');
    [old, both, young] = [before(), during(), after()].map((policy) => tableOf(Patient, name, policy)) as [
      EncryptedTableClient<Patient>,
      EncryptedTableClient<Patient>,
      EncryptedTableClient<Patient>,
    ];
    await old.createTable();
  });

  /** As the service stores it, with the exact column types. */
  const stored = async (rowKey: string) => {
    const {
      etag,
      timestamp,
      _ClientEncryptionMetadata1: text,
      ...others
    } = await old.unencryptedClient.getEntity('north', rowKey, { disableTypeConversion: true });
    return { others, text: String((text as { value?: unknown } | undefined)?.value ?? text), etag, timestamp };
  };

  it('open with only the new key afterwards, and only one column changes', async () => {
    await old.createEntity(patient('1', { ward: '3', visits: 3, seen: new Date(0) }));
    await old.unencryptedClient.updateEntity(
      { partitionKey: 'north', rowKey: '1', foreign: { type: 'Double', value: '3.0' } },
      'Merge',
    );
    const earlier = await stored('1');

    const report = await rewrap(both.forMaintenance());

    expect(report).toMatchObject({ seen: 1, outcomes: { done: 1 }, census: { verdict: { mayDestroy: 'after' } } });
    const later = await stored('1');
    expect(JSON.parse(JSON.stringify(later.others))).toEqual(JSON.parse(JSON.stringify(earlier.others)));
    const verified = tableOf(Patient, young.tableName, after('2.1', { integrity: 'require' }));
    expect(await verified.getEntity('north', '1')).toMatchObject({ name: 'name of 1', ward: '3', seen: new Date(0) });
    const { WrappedContentKey: _old, ...kept } = JSON.parse(earlier.text) as Record<string, unknown>;
    const { WrappedContentKey, ...now } = JSON.parse(later.text) as Record<string, unknown>;
    expect(now).toEqual(kept);
    expect(WrappedContentKey).toMatchObject({ KeyId: NEW });
  });

  it('are written a hundred at a time, by partition, each under its ETag', async () => {
    for (let at = 0; at < 130; at += 65) {
      const rows = Array.from({ length: 65 }, (_, index) => patient(String(1000 + at + index)));
      await old.submitTransaction(rows.map((row) => ['create', row] as const));
    }
    await old.createEntity({ ...patient('south'), partitionKey: 'south' });
    const requests = requestsOf(both);

    const report = await rewrap(both.forMaintenance());

    expect(report.outcomes).toEqual({ done: 131 });
    const writes = requests.filter((request) => !request.startsWith('GET'));
    expect(writes.filter((request) => request.startsWith('POST'))).toHaveLength(2);
    expect(writes.filter((request) => request.startsWith('PATCH'))).toEqual([expect.stringMatching(/^PATCH W\//)]);
    expect((await young.getEntity('north', '1129')).name).toBe('name of 1129');
  });

  it.each([0, 50, 99])('keep what another writer stores meanwhile in row %i of a transaction', async (index) => {
    const rows = Array.from({ length: 100 }, (_, at) => patient(String(100 + at)));
    await old.submitTransaction(rows.map((row) => ['create', row] as const));
    let isFirst = true;
    const requests = requestsOf(both, async (method) => {
      if (method !== 'POST' || !isFirst) return;
      isFirst = false;
      await old.updateEntity({ ...rows[index]!, name: 'the other writer' });
    });

    const report = await rewrap(both.forMaintenance());

    expect(report.outcomes).toEqual({ done: 100 });
    const [one, two] = [/^POST/, /^PATCH/].map((method) => requests.filter((request) => method.test(request)).length);
    expect([one, two]).toEqual([2, 2]);
    expect((await young.getEntity('north', String(100 + index))).name).toBe('the other writer');
    expect((await young.getEntity('north', '199')).name).toBe(index === 99 ? 'the other writer' : 'name of 199');
  });

  it('stay deleted if another writer deletes them meanwhile, while the others are processed', async () => {
    const rows = ['1', '2', '3'].map((key) => patient(key));
    await old.submitTransaction(rows.map((row) => ['create', row] as const));
    let isFirst = true;
    requestsOf(both, async (method) => {
      if (method === 'POST' && isFirst) {
        isFirst = false;
        await old.deleteEntity('north', '2');
      }
    });

    expect((await rewrap(both.forMaintenance())).outcomes).toEqual({ done: 2, gone: 1 });
  });

  it('of other tenants are rejected if the policy forbids their key, while the others are processed', async () => {
    await old.createEntity(patient('mine'));
    await old.createEntity({ ...patient('theirs'), partitionKey: 'theirs' });
    const allowKey = (_keyId: string, target: { kind: string; partitionKey?: string }) =>
      target.partitionKey === 'north';
    const table = tableOf(Patient, old.tableName, during('2.1', { allowKey }));

    const report = await rewrap(table.forMaintenance());

    expect(report.outcomes).toEqual({ done: 1, refused: 1 });
    expect(report.failures).toEqual([
      { source: `rows ${old.tableName}`, name: '["theirs","theirs"]', outcome: 'refused', code: 'KEY_NOT_ALLOWED' },
    ]);
  });

  it('are only read in a dry run', async () => {
    await old.createEntity(patient('1'));
    const requests = requestsOf(both);

    const report = await rewrap(both.forMaintenance(), { dryRun: true });

    expect(report.outcomes).toEqual({ done: 1 });
    expect(requests.every((request) => request.startsWith('GET'))).toBe(true);
  });

  it.each(['timestamp', 'etag', 'partitionKey', 'rowKey'])(
    'keep a column %s of another SDK, which this one cannot write, so sealing them again fails',
    async (column) => {
      await old.createEntity(patient('1', { ward: '3' }));
      let text = '';
      old.unencryptedClient.pipeline.addPolicy({
        name: 'another SDK',
        sendRequest: async (request, next) => {
          const { body } = request;
          // of the same length
          if (typeof body === 'string') request.body = body.replace(/"zz(\w+)"/, '"$1"  ');
          const response = await next(request);
          text = response.bodyAsText ?? '';
          return response;
        },
      });
      const keys = { partitionKey: 'north', rowKey: '1' };
      await old.unencryptedClient.updateEntity({ ...keys, [`zz${column}`]: 'theirs' }, 'Merge');

      const task = { do: 'reencrypt', when: { keyIds: [OLD] } } as const;
      const again = await runMaintenance({ name: 'again', task, sources: [both.forMaintenance()] });
      const merging = both.updateEntity({ ...keys, name: 'another' }, 'Merge');

      expect(again.failures).toMatchObject([{ outcome: 'refused', code: 'UNSUPPORTED_OPERATION' }]);
      await expect(merging).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' });
      expect((await rewrap(both.forMaintenance())).outcomes).toEqual({ done: 1 });
      await both.updateEntity({ ...keys, ward: '4' }, 'Merge');
      await old.unencryptedClient.getEntity('north', '1');
      expect(JSON.parse(text)).toMatchObject({ [column]: 'theirs', ward: '4' });
    },
  );
});

describe('messages of a poison queue', () => {
  it('are rewrapped in place with their other members, and become visible again', async () => {
    const queue = await newQueue(before('2.0'));
    const poison = plainQueue(`${queue.name}-poison`);
    const { messageId } = await queue.sendMessage('an old referral');
    const [text = ''] = await visibleTexts(queue.name);
    const facts = {
      ...{ reason: 'HANDLER_FAILED', queue: queue.name, messageId, dequeueCount: 5 },
      ...{ insertedOn: new Date(1000), poisonedOn: new Date(2000) },
    };
    await poison.sendMessage(formatPoisonMessage(text, facts).text);
    await poison.sendMessage(text);
    await poison.sendMessage(Buffer.from(text).toString('base64'));
    await poison.sendMessage('clear');

    const report = await rewrap(likewise(queue, during('2.0')).forMaintenance(poison));

    expect(report).toMatchObject({ seen: 4, outcomes: { done: 3, same: 1 } });
    expect(report.census.verdict).toMatchObject({ mayDestroy: 'after' });
    const texts = await visibleTexts(poison.name);
    const messages = texts.map((one) => parsePoisonMessage(one));
    expect(messages.map(({ keyId }) => keyId).sort()).toEqual([NEW, NEW, NEW, null].sort());
    expect(messages.find(({ facts: kept }) => kept !== null)?.facts).toEqual(facts);
    const young = likewise(queue, after('2.0'));
    for (const { storedText, keyId } of messages) {
      if (keyId !== null) expect((await young.decryptMessage(storedText)).toString()).toBe('an old referral');
    }
  });

  it.each([
    ['7 days', {}, 7],
    ['half a day, if that is the longest', { messageTtlDays: 0.5 }, 0.5],
  ])(
    'do not reveal the content of the queue itself, which the report says may remain for %s',
    async (_what, options, days) => {
      const queue = await newQueue(before('2.0'));
      const poison = plainQueue(`${queue.name}-poison`);

      const { census } = await rewrap(likewise(queue, during('2.0')).forMaintenance(poison, options));

      const said = new RegExp(
        `^messages in queue ${queue.name}: those that were sent before (\\S+) can be there until (\\S+),`,
      );
      const [, sent = '', gone = ''] =
        census.blindSpots.map((spot) => said.exec(spot)).find((found) => found !== null) ?? [];
      expect(Date.parse(gone) - Date.parse(sent)).toBe(days * 24 * 60 * 60 * 1000);
      expect(Math.abs(Date.now() - Date.parse(sent))).toBeLessThan(60_000);
      expect(census.verdict?.mayDestroy).toBe('after');
      expect(() => queue.forMaintenance(poison, { messageTtlDays: -1 })).toThrow(/"messageTtlDays" must be/);
    },
  );

  it('prevent a verdict of the census if others have received them', async () => {
    const queue = await newQueue(before('2.0'));
    const poison = plainQueue(`${queue.name}-poison`);
    await poison.sendMessage('clear');
    await poison.receiveMessages({ visibilityTimeout: 600 });

    const report = await rewrap(likewise(queue, during('2.0')).forMaintenance(poison));

    expect(report.census.verdict).toMatchObject({
      mayDestroy: 'no',
      reasons: [expect.stringMatching(/1 messages of queue/)],
    });
  });

  it('prevent a verdict also if others delete some that were seen', async () => {
    const queue = await newQueue(before('2.0'));
    const poison = plainQueue(`${queue.name}-poison`);
    await poison.sendMessage('hidden');
    await poison.receiveMessages({ visibilityTimeout: 600 });
    await poison.sendMessage('seen');
    // as in a walk that takes longer than the messages stay invisible
    const quick = plainQueue(poison.name);
    const receive = quick.receiveMessages.bind(quick);
    quick.receiveMessages = (options) => receive({ ...options, visibilityTimeout: 1 });
    const source = likewise(queue, during('2.0')).forMaintenance(quick);

    for await (const { objects } of source.pages({ everything: true })) {
      if (objects.length === 0) continue;
      await until(async () => {
        const [found] = (await poison.receiveMessages()).receivedMessageItems;
        if (found !== undefined) await poison.deleteMessage(found.messageId, found.popReceipt);
        return found !== undefined;
      });
    }

    const text: unknown = expect.stringMatching(/^1 messages of queue/);
    expect(source.blindSpots?.()).toContainEqual({ text, isBlocking: true });
  });

  it('are all seen by two walks of one source, which would hide them from each other if they overlapped', async () => {
    const queue = await newQueue(before('2.0'));
    const poison = plainQueue(`${queue.name}-poison`);
    await Promise.all(Array.from({ length: 40 }, () => poison.sendMessage('clear')));
    const source = likewise(queue, during('2.0')).forMaintenance(poison);
    const walk = async (abortSignal?: AbortSignal): Promise<number> => {
      let seen = 0;
      for await (const { objects } of source.pages({ everything: true, abortSignal })) seen += objects.length;
      return seen;
    };
    const first = source.pages({ everything: true })[Symbol.asyncIterator]();
    const begun = (await first.next()).value as { readonly objects: readonly unknown[] };
    const others = { [Symbol.asyncIterator]: () => first };

    const aborted = walk(AbortSignal.timeout(1)).catch((error: unknown) => error);
    const second = walk();
    let rest = 0;
    expect(await aborted).toMatchObject({ name: 'AbortError' });
    for await (const { objects } of others) rest += objects.length;

    expect([begun.objects.length + rest, await second]).toEqual([40, 40]);
  });
});
