/** Creates the integrity entries of a new entity: watches what is sealed, then binds it together with what is signed. */
import type { ContentKey } from '../../crypto/content-key.js';
import type { ContentSealer } from '../../protocol/protocol.js';
import { SEALED_NAMES_PROPERTY } from '../../wire/entity-metadata.js';
import { formatBind } from './bind.js';
import { entriesToWrite } from './entries.js';
import { type EntityHeader, headerInput } from './header.js';
import { contextTag, headerMac, underPropertyKey } from './integrity-keys.js';
import { formatPropertyTags, type SignedValue } from './property-tags.js';
import type { BoundContent } from './sealing.js';

/** What is known about an entity before anything in it is sealed. */
interface NewEntity extends Omit<EntityHeader, 'list'> {
  /** Clear properties that are covered. */
  readonly signed: ReadonlyMap<string, SignedValue>;
}

export class EntitySealing {
  /** By name, in the order of the list of names. */
  private readonly ciphertexts = new Map<string, Uint8Array>();
  private list: Uint8Array = Buffer.alloc(0);

  constructor(
    private readonly contentKey: ContentKey,
    private readonly content: BoundContent,
    private readonly entity: NewEntity,
  ) {}

  /** The same sealer, watched. */
  watched(sealer: ContentSealer): ContentSealer {
    const { fields, layout } = sealer;
    const sealProperties = sealer.sealProperties?.bind(sealer);
    return {
      fields,
      layout,
      seal: () => sealer.seal(),
      sealProperties:
        sealProperties &&
        ((place, properties) => {
          const sealed = sealProperties(place, properties);
          for (const [at, ciphertext] of sealed.entries()) this.note(properties[at]?.name ?? '', ciphertext);
          return sealed;
        }),
    };
  }

  /** The entries of what was sealed. Call it once, when everything is sealed. */
  entries(): ReadonlyMap<string, string> {
    const { contentKey, list } = this;
    const { protocol, form, field, context: boundTo } = this.content;
    const { partitionKey, rowKey, types, signed } = this.entity;
    const covered = { sealed: this.ciphertexts, signed };
    const properties = underPropertyKey(contentKey, (key) => formatPropertyTags(key, covered));
    const context = boundTo === null ? undefined : contextTag(contentKey, boundTo);
    const bind = formatBind({ properties, context });
    const entity = { partitionKey, rowKey, types, list };
    const header = headerInput({ protocol, form, field, entity }, { bind, tag: null });
    return entriesToWrite({ bind, tag: null, mac: headerMac(contentKey, header) });
  }

  private note(name: string, ciphertext: Uint8Array): void {
    if (name === SEALED_NAMES_PROPERTY) this.list = ciphertext;
    else this.ciphertexts.set(name, ciphertext);
  }
}
