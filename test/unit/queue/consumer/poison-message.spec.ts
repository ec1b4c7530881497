import { formatPoisonMessage, parsePoisonMessage } from '../../../../src/queue/consumer/poison-message.js';

const LIMIT = 65_536;
const facts = {
  reason: 'HANDLER_FAILED',
  queue: 'referrals',
  messageId: 'id',
  dequeueCount: 5,
  insertedOn: new Date('2026-01-02T03:04:05Z'),
  poisonedOn: new Date('2026-01-03T03:04:05Z'),
};
const sealed = (keyId: string, contents = 'AAAA') =>
  JSON.stringify({ EncryptedMessageContents: contents, EncryptionData: { WrappedContentKey: { KeyId: keyId } } });

describe('a poison message', () => {
  it.each([
    ['sealed', sealed('clinic:2026'), 'clinic:2026'],
    ['damaged', sealed('clinic:2026', '***'), 'clinic:2026'],
    ['in plaintext', 'naïve "quoted" \\ \r\n 🙂', null],
    ['empty', '', null],
  ])('returns a text that is %s, its key id and all facts', (_what, storedText, keyId) => {
    const { text, isWrapped } = formatPoisonMessage(storedText, facts);

    expect(isWrapped).toBe(true);
    expect(parsePoisonMessage(text)).toEqual({ storedText, keyId, facts });
  });

  it('is only the stored text if everything together is a byte too long', () => {
    const room = LIMIT - formatPoisonMessage('', facts).text.length;

    const full = formatPoisonMessage('x'.repeat(room), facts);
    expect(full.isWrapped).toBe(true);
    expect(full.text).toHaveLength(LIMIT);

    const over = 'x'.repeat(room + 1);
    expect(formatPoisonMessage(over, facts)).toEqual({ text: over, isWrapped: false });
    expect(parsePoisonMessage(over)).toEqual({ storedText: over, keyId: null, facts: null });
  });

  it('counts bytes, not characters', () => {
    const text = 'é'.repeat(LIMIT / 2 - 100);

    expect(formatPoisonMessage(text, facts)).toEqual({ text, isWrapped: false });
  });

  it('leaves an oversized key id in the stored text', () => {
    const storedText = sealed('k'.repeat(30_000));

    const { text, isWrapped } = formatPoisonMessage(storedText, facts);
    expect(isWrapped).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ keyId: null });
    expect(parsePoisonMessage(text).keyId).toHaveLength(30_000);
  });

  it.each(['{}', '[]', '{"poisonMessage":1}', '{"poisonMessage":2,"storedText":"x"}', 'null'])(
    'is only a stored text if it is %s',
    (text) => {
      expect(parsePoisonMessage(text)).toEqual({ storedText: text, keyId: null, facts: null });
    },
  );

  describe('that a sender imitates', () => {
    const imitation = (length: number): string => {
      const { text } = formatPoisonMessage('of the sender', { ...facts, queue: 'elsewhere' });
      return formatPoisonMessage('x'.repeat(length - text.length) + 'of the sender', { ...facts, queue: 'elsewhere' })
        .text;
    };

    it.each([400, 30_000, 60_000, LIMIT - 400, LIMIT - 200, LIMIT - 1, LIMIT])(
      'with %d bytes never shows facts of the sender',
      (length) => {
        const forged = imitation(length);
        expect(forged).toHaveLength(length);

        const { text, isWrapped } = formatPoisonMessage(forged, facts);
        const read = parsePoisonMessage(text);

        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT);
        expect(read.facts).toEqual(isWrapped ? facts : null);
        expect(JSON.parse(read.storedText)).toEqual(JSON.parse(forged));
        expect(read.storedText === forged).toBe(isWrapped);
      },
    );

    it.each([
      ['has other members', (text: string) => text.replace('{', '{"pad":1,')],
      ['is spaced', (text: string) => text.replace(',', ', ')],
      ['lacks a member', (text: string) => text.replace(/"messageId":"[^"]*",/, '')],
      ['continues after its end', (text: string) => `${text} `],
      ['has a member twice', (text: string) => text.replace('"queue":', '"queue":"a","queue":')],
    ])('and that %s is only a stored text', (_how, change) => {
      const text = change(imitation(400));

      expect(parsePoisonMessage(text)).toEqual({ storedText: text, keyId: null, facts: null });
    });
  });
});
