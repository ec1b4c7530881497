/** The decoders below the clients: encryption data, lists of names and types, values, base64, wrapped keys. */
import type * as Base64Module from '../../../src/encoding/base64.js';
import type * as EncryptionDataModule from '../../../src/wire/encryption-data.js';
import type * as EntityMetadataModule from '../../../src/wire/entity-metadata.js';
import type * as EnvelopeModule from '../../../src/envelope/envelope.js';
import type * as KeyIdModule from '../../../src/keys/vault/key-id.js';
import type * as PropertyTypesModule from '../../../src/wire/property-types.js';
import type * as PropertyValueModule from '../../../src/table/values/property-value.js';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import { wrong } from '../outcome.js';
import { builtModule } from '../../support/project.js';
import type { Decoder } from './decoder.js';
import { mutateBytes, mutateText } from './mutate.js';
import { seedsOf } from './vectors.js';

const { decodeBase64 } = await builtModule<typeof Base64Module>('encoding/base64.js');
const wire = await builtModule<typeof EncryptionDataModule>('wire/encryption-data.js');
const { parseSealedNames } = await builtModule<typeof EntityMetadataModule>('wire/entity-metadata.js');
const { storedLayout } = await builtModule<typeof EnvelopeModule>('envelope/envelope.js');
const { parsePropertyTypes } = await builtModule<typeof PropertyTypesModule>('wire/property-types.js');
const { isMalformedKeyId, parseKeyVaultKeyId } = await builtModule<typeof KeyIdModule>('keys/vault/key-id.js');
const { decodeValue } = await builtModule<typeof PropertyValueModule>('table/values/property-value.js');

const texts = [
  ...seedsOf('blob').map(({ stored }) => stored.metadata!['encryptiondata']!),
  ...seedsOf('table').map(({ stored }) => String(stored.fullmetadata!['_ClientEncryptionMetadata1'])),
];

/** Parses, measures and rewraps: what reads, rewraps and inspections do before they call a key. */
const encryptionData: Decoder = {
  name: 'encryption data',
  share: 8,
  input: (random) => {
    const shown = mutateText(random.pick(texts), random);
    const length = random.between(0, 10_000);
    return {
      shown,
      open: async () => {
        const data = wire.parseEncryptionData(shown);
        const layout = storedLayout(data, random.pick(['stream', 'pages', 'message'] as const));
        const { least, most } = layout.plaintextBounds(length);
        if (least < 0 || most > length || least > most) return wrong(`from ${least} to ${most} bytes in ${length}`);
        const again = wire.parseEncryptionData(data.rewrapped(data.wrappedKey));
        return again.protocol === data.protocol ? undefined : wrong('another protocol after a rewrap');
      },
    };
  },
};

const NAME_LISTS = ['["Secret","Empty","ünï"]', '[Secret, Empty]', '[]', '["a"]'];

const sealedNames: Decoder = {
  name: 'lists of sealed names',
  share: 2,
  input: (random) => {
    const list = mutateBytes(Buffer.from(mutateText(random.pick(NAME_LISTS), random)), random);
    return {
      shown: list.toString('base64'),
      open: async () => {
        const names = parseSealedNames(list);
        return names.every((name) => typeof name === 'string') ? undefined : wrong('a name that is not text');
      },
    };
  },
};

const propertyTypes: Decoder = {
  name: 'types of properties',
  share: 2,
  input: (random) => {
    const shown = mutateText('{"born":"date","visits":"number","note":"json"}', random);
    return {
      shown,
      open: async () => {
        const types = parsePropertyTypes(shown, ['born', 'visits', 'note']);
        return types.size <= 3 ? undefined : wrong('a property that is not sealed');
      },
    };
  },
};

const VALUES = [
  ...(['12.5', '-0', 'NaN', '1e21'] as const).map((text) => ({ type: 'number', text }) as const),
  ...(['9007199254740993', '-1'] as const).map((text) => ({ type: 'bigint', text }) as const),
  ...(['true', 'false'] as const).map((text) => ({ type: 'boolean', text }) as const),
  ...([
    { type: 'date', text: '2025-01-02T03:04:05.678Z' },
    { type: 'binary', text: 'AAEC/v8=' },
  ] as const),
  ...(['{"a":[1,null,{"b":"c"}]}', '[]'] as const).map((text) => ({ type: 'json', text }) as const),
  ...([
    { type: 'null', text: '' },
    { type: 'string', text: 'Grüße 𝄞' },
  ] as const),
];

const values: Decoder = {
  name: 'typed values',
  share: 4,
  input: (random) => {
    const { type, text } = random.pick(VALUES);
    const bytes = random.chance(0.5) ? Buffer.from(mutateText(text, random)) : mutateBytes(Buffer.from(text), random);
    return {
      shown: `${type} ${bytes.toString('base64')}`,
      open: async () => {
        const value = decodeValue({ type, bytes });
        const isOfType =
          type === 'null' ? value === null : type === 'string' ? typeof value === 'string' : value !== undefined;
        return isOfType ? undefined : wrong('a value of another type');
      },
    };
  },
};

const base64: Decoder = {
  name: 'base64',
  share: 2,
  input: (random) => {
    const shown = mutateText(random.bytes(random.between(0, 40)).toString('base64'), random);
    return {
      shown,
      open: async () => {
        const bytes = decodeBase64(shown);
        return bytes === null || bytes.toString('base64').length === shown.length
          ? undefined
          : wrong('bytes of another text');
      },
    };
  },
};

const key = AesKeyEncryptionKey.fromBase64('own', Buffer.alloc(32, 7).toString('base64'));
const { encryptedKey: wrapped, algorithm } = await key.wrapKey(Buffer.alloc(32, 9));

const wrappedKeys: Decoder = {
  name: 'wrapped keys',
  share: 2,
  input: (random) => {
    const bytes = mutateBytes(Buffer.from(wrapped), random);
    return {
      shown: bytes.toString('base64'),
      open: async () => {
        const opened = await key.unwrapKey(bytes, algorithm);
        return Buffer.from(opened).equals(Buffer.alloc(32, 9)) ? undefined : wrong('another content key');
      },
    };
  },
};

const KEY_IDS = [
  'https://clinic.vault.azure.net/keys/scans/0123456789abcdef0123456789abcdef',
  'https://clinic.managedhsm.azure.net/keys/scans',
  'local:key1',
  'dotnet:schlüssel + <"2">/\\🔑',
];
const IN_KEY_IDS = [
  '/',
  '//',
  '@',
  '?',
  '#',
  '%2e',
  '..',
  ':443',
  '\\',
  '\t',
  ' ',
  '.',
  'HTTPS://',
  'keys/',
  '\u2028',
  'é',
];

/** Stored names that clients could use as an address: a valid one leads exactly to the host that it names. */
const keyIds: Decoder = {
  name: 'key ids',
  share: 2,
  input: (random) => {
    const id = random.pick(KEY_IDS);
    const at = random.between(0, id.length);
    const inserted = id.slice(0, at) + random.pick(IN_KEY_IDS) + id.slice(at + random.between(0, 2));
    const shown = random.chance(0.5) ? inserted : mutateText(id, random);
    return {
      shown,
      open: async () => {
        const parsed = parseKeyVaultKeyId(shown);
        if (parsed === null) {
          isMalformedKeyId(shown);
          return undefined;
        }
        const { origin, pathname, search, hash } = new URL(shown);
        const path = ['/keys', parsed.name, ...(parsed.version === undefined ? [] : [parsed.version])].join('/');
        const isExact = origin === parsed.vaultUrl && pathname === path && search + hash === '';
        return isExact && !isMalformedKeyId(shown) ? undefined : wrong('a different address from the one it displays');
      },
    };
  },
};

export const parts: readonly Decoder[] = [
  encryptionData,
  sealedNames,
  propertyTypes,
  values,
  base64,
  wrappedKeys,
  keyIds,
];
