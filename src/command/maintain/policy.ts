/** The policy of a maintenance command: keys from variables and files, never from the command line, or the user's own module. */
import { readFileSync } from 'node:fs';
import { InvalidOptionsError } from '../../errors/input.js';
import { AesKeyEncryptionKey } from '../../keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../../keys/key-encryption-key.js';
import { keyTitle } from '../../keys/built-in-key.js';
import { KeyRing } from '../../keys/key-ring.js';
import { RsaKeyEncryptionKey } from '../../keys/rsa-key-encryption-key.js';
import { PROTOCOL_VERSIONS, type ProtocolVersion } from '../../protocol/registry.js';
import { type CommandPolicy, configured } from '../configured-policy.js';
import { missingVariable } from '../missing-variable.js';
import type { Values } from './arguments.js';

/** Throws `INVALID_OPTIONS` for keys or modules that cannot be used. */
export async function commandPolicy(values: Values, env: NodeJS.ProcessEnv): Promise<CommandPolicy> {
  if (values.config !== undefined) return configured(values.config);
  const newKey = values['new-key'];
  const old = (values['old-key'] ?? []).map((given) => keyFrom(given, env));
  return {
    policy: {
      protocol: protocolOf(values.protocol),
      readProtocols: PROTOCOL_VERSIONS,
      requireEncryption: true,
      keyResolver: new KeyRing(old).resolve,
      keyEncryptionKey: newKey === undefined ? undefined : keyFrom(newKey, env),
    },
    entities: {},
  };
}

function protocolOf(given = '2.1'): ProtocolVersion {
  const protocol = PROTOCOL_VERSIONS.find((version) => version === given);
  if (protocol === undefined) throw new InvalidOptionsError([`--protocol is one of ${PROTOCOL_VERSIONS.join(', ')}`]);
  return protocol;
}

/** `<key id>=env:<name>`, `<key id>=file:<path>` or `<key id>=pem:<path>`. Causes are dropped: they may quote a key. */
function keyFrom(given: string, env: NodeJS.ProcessEnv): KeyEncryptionKey {
  const [, keyId = '', kind, where = ''] = /^(.+)=(env|file|pem):(.+)$/s.exec(given) ?? [];
  if (kind === undefined) {
    throw new InvalidOptionsError(['a key is <key id>=env:<variable>, <key id>=file:<path> or <key id>=pem:<path>']);
  }
  try {
    const text = kind === 'env' ? variable(where, env) : readFileSync(where, 'utf8');
    return kind === 'pem' ? RsaKeyEncryptionKey.fromPem(keyId, text) : AesKeyEncryptionKey.fromBase64(keyId, text);
  } catch (error) {
    if (error instanceof InvalidOptionsError) throw error;
    throw new InvalidOptionsError([`${keyTitle('key', keyId)} cannot be used`]);
  }
}

function variable(name: string, env: NodeJS.ProcessEnv): string {
  const text = env[name];
  if (text === undefined) throw new InvalidOptionsError([missingVariable(name)]);
  return text;
}
