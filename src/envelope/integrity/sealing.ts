/** Makes the integrity entries of one new content: watches what is sealed, then binds it. */
import type { ByteTransform } from '../../crypto/byte-transform.js';
import type { CipherPlan } from '../../crypto/cipher-step.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { hmac, RunningMac } from '../../crypto/hmac.js';
import type { ContentForm, ContentSealer, Protocol, ReadField } from '../../protocol/protocol.js';
import { type BindShape, formatBind } from './bind.js';
import { entriesToWrite } from './entries.js';
import { headerInput } from './header.js';
import { ciphertextKey, contextTag, headerKey } from './integrity-keys.js';

/** Which content, and what binds it beside its own bytes. */
export interface BoundContent {
  readonly protocol: Protocol;
  readonly form: ContentForm;
  readonly field: ReadField;
  /** The text that the application binds its content to. */
  readonly context: string | null;
}

/** Forms that are written with entries. */
export const bindsForm = (form: ContentForm): boolean => form === 'message' || form === 'entity';

/** Whether a tag over all of the ciphertext is stored: where the format itself does not notice changes. */
export const hasWholeTag = ({ protocol, form }: Pick<BoundContent, 'protocol' | 'form'>): boolean =>
  !protocol.authenticates && form !== 'entity';

/** Which members `AzCseBind` has. */
export function bindShapeOf({ protocol, form }: Pick<BoundContent, 'protocol' | 'form'>): BindShape {
  if (form === 'entity') return 'properties';
  return !protocol.authenticates && form === 'stream' ? 'lengths' : 'length';
}

/** Counts and authenticates the ciphertext of one content as it is made. */
export class IntegritySealing {
  private readonly mac: RunningMac | null;
  private plaintextLength = 0;
  private ciphertextLength = 0;

  constructor(
    private readonly contentKey: ContentKey,
    private readonly content: BoundContent,
  ) {
    this.mac = hasWholeTag(content) ? new RunningMac(ciphertextKey(contentKey)) : null;
  }

  /** The same sealer, watched. Where all of the ciphertext is authenticated, no thread seals it. */
  watched(sealer: ContentSealer): ContentSealer {
    const { fields, layout } = sealer;
    const plan = sealer.plan?.bind(sealer);
    return {
      fields,
      layout,
      seal: () => this.watchedTransform(sealer.seal()),
      ...(plan === undefined || this.mac !== null ? {} : { plan: () => this.watchedPlan(plan()) }),
    };
  }

  /** The entries of what was sealed. Once, when all of it was. */
  entries(): ReadonlyMap<string, string> {
    const { content, contentKey, ciphertextLength, plaintextLength } = this;
    const bind = formatBind({
      ciphertextLength,
      ...(bindShapeOf(content) === 'lengths' ? { plaintextLength } : {}),
      ...(content.context === null ? {} : { context: contextTag(contentKey, content.context) }),
    });
    const tag = this.mac?.digest() ?? null;
    const mac = hmac(headerKey(contentKey), headerInput({ ...content, bind, tag }));
    return entriesToWrite({ bind, tag, mac });
  }

  private watchedPlan(plan: CipherPlan): CipherPlan {
    return {
      bufferMultiple: plan.bufferMultiple,
      append: (buffer, at, plaintext) => {
        const appended = plan.append(buffer, at, plaintext);
        this.plaintextLength += appended.taken;
        this.ciphertextLength += appended.at - at;
        return appended;
      },
      end: (buffer, at) => {
        const ending = plan.end(buffer, at);
        this.ciphertextLength += ending.at - at;
        return ending;
      },
      drain: () => plan.drain(),
    };
  }

  private watchedTransform(transform: ByteTransform): ByteTransform {
    const sealed = (pieces: readonly Buffer[]): readonly Buffer[] => {
      for (const piece of pieces) {
        this.ciphertextLength += piece.length;
        this.mac?.update(piece);
      }
      return pieces;
    };
    return {
      push: (chunk) => {
        this.plaintextLength += chunk.length;
        return sealed(transform.push(chunk));
      },
      finish: () => sealed(transform.finish()),
    };
  }
}
