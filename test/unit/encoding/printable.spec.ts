import * as errors from '../../../src/index.js';
import { escaped, printable, quoted } from '../../../src/encoding/printable.js';

const HOSTILE = {
  'a line break': '\n',
  'an escape sequence': '\u001b[2K\u001b[1A',
  'a C1 control': '\u009b2J',
  'a change of direction': '\u202e',
  'an isolate': '\u2066',
  'a zero-width space': '\u200b',
  'a joiner': '\u200d',
  'a byte order mark': '\ufeff',
  'a soft hyphen': '\u00ad',
  'a tag character': '\u{e0041}',
  'a variation selector': '\ufe0f',
  'a Hangul filler': '\u3164',
  'a separator of lines': '\u2028',
  'a no-break space': '\u00a0',
  'half a surrogate pair': '\ud800',
  'a private character': '\ue000',
};
const UNSEEN = /\p{C}|\p{Default_Ignorable_Code_Point}|[\u2028\u2029\u00a0]/u;

describe('text from storage', () => {
  it.each(Object.entries(HOSTILE))('shows %s as an escape that JSON reads back', (_what, hostile) => {
    const shown = quoted(`a${hostile}b`);

    expect(shown).not.toMatch(UNSEEN);
    expect(JSON.parse(shown)).toBe(`a${hostile}b`);
    for (const show of [escaped, printable]) expect(show(`a${hostile}b`)).not.toMatch(UNSEEN);
  });

  it.each(['clinic:2026', 'https://v.vault.azure.net/keys/a/0123', 'Schlüssel für Ärzte', '鍵', '🔑', 'a\\b'])(
    'stays unchanged if it hides nothing: %s',
    (text) => {
      expect(printable(text)).toBe(text);
      expect(escaped(text)).toBe(text);
    },
  );

  it('cannot end its own quotes', () => {
    expect(quoted('k", protocol "2.0\\')).toBe('"k\\", protocol \\"2.0\\\\"');
  });

  it.each([
    ['a'.repeat(256), 'a'.repeat(256)],
    ['a'.repeat(257), `${'a'.repeat(256)}…`],
    ['🔑'.repeat(129), `${'🔑'.repeat(128)}…`],
    [`${'a'.repeat(251)}\n`, `${'a'.repeat(251)}…`],
    [`${'a'.repeat(250)}\n`, `${'a'.repeat(250)}\\u000a`],
  ])('is truncated after 256 characters, never inside one (%#)', (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(quoted(text)).toBe(`"${shown}"`);
  });
});

describe('an error', () => {
  const evil = `${Object.values(HOSTILE).join('')}${'x'.repeat(10_000)}`;
  const made = [
    new errors.KeyNotFoundError(evil),
    new errors.KeyMismatchError(evil, evil),
    new errors.KeyNotAllowedError(evil, 'scans'),
    new errors.KeyAlgorithmError(evil, evil),
    new errors.KeyWrapError(evil),
    new errors.KeyUnwrapError(evil),
    new errors.KeyUnavailableError(evil),
    new errors.KeyAccessDeniedError(evil),
    new errors.KeyDeletedError(evil),
    new errors.KeyDisabledError(evil, 'disabled'),
    new errors.LockedOutError(evil),
    new errors.UnsupportedProtocolError(evil, evil),
  ];
  it.each(made)('of type $name escapes and truncates stored text, in its message and its fields', (error) => {
    const texts = [error.message, ...Object.values(error).filter((value) => typeof value === 'string')];

    for (const text of texts) {
      expect(text).not.toMatch(UNSEEN);
      expect(text.length).toBeLessThan(800);
    }
  });

  it('of any type has a message of one line', () => {
    expect(new errors.InvalidEncryptionDataError('property "a\nb"').message).toContain('property "a\\u000ab"');
  });
});
