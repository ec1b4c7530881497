/** Plaintext messages that a replay cannot restore exactly. */
import { formatPoisonMessage } from '../../src/queue/consumer/poison-message.js';
import { parsePoisonMessage, replayPoisonMessages } from 'nestjs-azure-encrypted-storage';
import { newQueue, plainQueue, visibleTexts } from '../support/consumers.js';

const facts = {
  ...{ reason: 'NOT_ENCRYPTED', queue: 'referrals', messageId: 'one', dequeueCount: 1 },
  ...{ insertedOn: new Date(0), poisonedOn: new Date(0) },
};

it.each(['{\n"a": 1}', 'a\rb', 'a\r\nb', 'a&#xD;b', 'a&#13;b', 'a\ud800b'])(
  'a replay leaves %j in the poison queue, reports it, and puts the others back',
  async (text) => {
    const queue = await newQueue();
    const poison = plainQueue(`${queue.name}-poison`);
    const same = ['a\tb', ' a & <b> ', 'a&amp;b', 'a&#39;b', '\u{1f600}'];
    for (const one of [text, ...same]) await poison.sendMessage(formatPoisonMessage(one, facts).text);

    await expect(replayPoisonMessages(poison, queue)).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' });

    expect((await visibleTexts(queue.name)).sort()).toEqual([...same].sort());
    expect((await visibleTexts(poison.name)).map((one) => parsePoisonMessage(one).storedText)).toEqual([text]);
  },
);
