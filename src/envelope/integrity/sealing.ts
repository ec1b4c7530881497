/** Creates the integrity entries of new content: watches what is sealed, then binds it. */
import type { ByteTransform } from '../../crypto/byte-transform.js';
import type { CipherPlan, CipherStep } from '../../crypto/cipher-step.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { MAC_LENGTH, type MacKey } from '../../crypto/hmac.js';
import type { ContentSealer } from '../../protocol/protocol.js';
import { type BindShape, formatBind, SHORT_TAG_LENGTH } from './bind.js';
import { entriesToWrite } from './entries.js';
import { type Header, headerInput } from './header.js';
import { ciphertextKey, ciphertextMac, contextTag, headerMac } from './integrity-keys.js';

/** The content, and what binds it in addition to its own bytes. */
export interface BoundContent extends Omit<Header, 'entity'> {
  /** The text that the application binds its content to. */
  readonly context: string | null;
}

/** Whether a tag over all of the ciphertext is stored, because the format itself does not detect changes. */
export const hasWholeTag = ({ protocol, form }: Pick<BoundContent, 'protocol' | 'form'>): boolean =>
  !protocol.authenticates && form !== 'entity';

export function bindShapeOf({ protocol, form }: Pick<BoundContent, 'protocol' | 'form'>): BindShape {
  if (form === 'entity') return 'properties';
  return !protocol.authenticates && form === 'stream' ? 'lengths' : 'length';
}

/** Entries as long as those of any content of the kind. */
export function longestEntries(content: BoundContent): ReadonlyMap<string, string> {
  const lengths = { plaintextLength: Number.MAX_SAFE_INTEGER, ciphertextLength: Number.MAX_SAFE_INTEGER };
  const context = content.context === null ? null : Buffer.alloc(SHORT_TAG_LENGTH);
  return entriesToWrite({
    bind: bindOf(content, lengths, context),
    tag: hasWholeTag(content) ? Buffer.alloc(MAC_LENGTH) : null,
    mac: Buffer.alloc(MAC_LENGTH),
  });
}

interface Lengths {
  readonly plaintextLength: number;
  readonly ciphertextLength: number;
}

const bindOf = (
  content: BoundContent,
  { plaintextLength, ciphertextLength }: Lengths,
  context: Buffer | null,
): string =>
  formatBind({
    ciphertextLength,
    plaintextLength: bindShapeOf(content) === 'lengths' ? plaintextLength : undefined,
    context: context ?? undefined,
  });

/** Counts and authenticates the ciphertext of one content as it is made, here or on a thread. */
export class IntegritySealing {
  /** Returns the MAC over all of the ciphertext, wherever it was computed. */
  private takeTag: () => Buffer = notSealed;
  private plaintextLength = 0;
  private ciphertextLength = 0;

  constructor(
    private readonly contentKey: ContentKey,
    private readonly content: BoundContent,
  ) {}

  /** The same sealer, watched. */
  watched(sealer: ContentSealer): ContentSealer {
    const { fields, layout } = sealer;
    const plan = sealer.plan?.bind(sealer);
    return {
      fields,
      layout,
      seal: () => this.watchedTransform(sealer.seal()),
      plan: plan && (() => this.watchedPlan(plan())),
    };
  }

  /** The entries of what was sealed. Call it once, when everything is sealed. */
  entries(): ReadonlyMap<string, string> {
    const { content, contentKey } = this;
    const tag = hasWholeTag(content) ? this.takeTag() : null;
    const { plaintextLength, ciphertextLength } = this;
    const lengths = { plaintextLength, ciphertextLength };
    const bind = bindOf(content, lengths, content.context === null ? null : contextTag(contentKey, content.context));
    const mac = headerMac(contentKey, headerInput(content, { bind, tag }));
    return entriesToWrite({ bind, tag, mac });
  }

  /** The thread that seals the ciphertext also computes the MAC over all of it. */
  private watchedPlan(plan: CipherPlan): CipherPlan {
    const counted: CipherPlan = {
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
    if (!hasWholeTag(this.content)) return counted;
    const macKey = ciphertextKey(this.contentKey);
    return {
      ...counted,
      drain: () => plan.drain().map((step) => withMacKey(step, macKey)),
      takeMac: (mac) => {
        this.takeTag = () => Buffer.from(mac);
      },
    };
  }

  private watchedTransform(transform: ByteTransform): ByteTransform {
    const mac = hasWholeTag(this.content) ? ciphertextMac(this.contentKey) : null;
    if (mac !== null) this.takeTag = () => mac.digest();
    const sealed = (pieces: readonly Buffer[]): readonly Buffer[] => {
      for (const piece of pieces) {
        this.ciphertextLength += piece.length;
        mac?.update(piece);
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

const withMacKey = (step: CipherStep, macKey: MacKey): CipherStep =>
  step.step === 'begin' ? { ...step, macKey } : step;

function notSealed(): never {
  throw new Error('the content is not sealed yet');
}
