/** Makes the integrity entries of a new entity: watches what is sealed, then binds it together with what is signed. */
import type { ContentKey } from '../../crypto/content-key.js';
import type { ContentSealer } from '../../protocol/protocol.js';
import { SEALED_NAMES_PROPERTY } from '../../wire/entity-metadata.js';
import { formatBind } from './bind.js';
import { entriesToWrite } from './entries.js';
import { type EntityHeader, headerInput } from './header.js';
import { contextTag, headerMac, propertyKey } from './integrity-keys.js';
import { formatPropertyTags, sealedTag, signedTag, type SignedValue } from './property-tags.js';
import type { BoundContent } from './sealing.js';

/** What is known about an entity before anything in it is sealed. */
export interface NewEntity extends Omit<EntityHeader, 'list'> {
  /** Clear properties that are covered. */
  readonly signed: ReadonlyMap<string, SignedValue>;
}

export class EntitySealing {
  /** By name, in the order of the list of names, which is the last one itself. */
  private readonly ciphertexts = new Map<string, Uint8Array>();

  constructor(
    private readonly contentKey: ContentKey,
    private readonly content: BoundContent,
    private readonly entity: NewEntity,
  ) {}

  /** The same sealer, watched. */
  watched(sealer: ContentSealer): ContentSealer {
    const sealProperties = sealer.sealProperties?.bind(sealer);
    return {
      fields: sealer.fields,
      layout: sealer.layout,
      seal: () => sealer.seal(),
      ...(sealProperties === undefined
        ? {}
        : {
            sealProperties: (properties) => {
              const sealed = sealProperties(properties);
              for (const [at, { place }] of properties.entries())
                this.ciphertexts.set(place.name, sealed[at] ?? NOTHING);
              return sealed;
            },
          }),
    };
  }

  /** The entries of what was sealed. Call it once, when everything is sealed. */
  entries(): ReadonlyMap<string, string> {
    const { content, contentKey, entity } = this;
    const list = this.ciphertexts.get(SEALED_NAMES_PROPERTY) ?? NOTHING;
    const sealed = [...this.ciphertexts].filter(([name]) => name !== SEALED_NAMES_PROPERTY);
    const key = propertyKey(contentKey);
    const properties = formatPropertyTags({
      sealed: sealed.map(([name, ciphertext]) => sealedTag(key, name, ciphertext)),
      signed: new Map([...entity.signed].map(([name, value]) => [name, signedTag(key, name, value)])),
    });
    const bind = formatBind({
      properties,
      ...(content.context === null ? {} : { context: contextTag(contentKey, content.context) }),
    });
    const header = headerInput({ ...content, bind, tag: null, entity: { ...entity, list } });
    return entriesToWrite({ bind, tag: null, mac: headerMac(contentKey, header) });
  }
}

const NOTHING = new Uint8Array(0);
