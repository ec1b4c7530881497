/** An opener with an observer. */
import type { ByteTransform } from '../crypto/byte-transform.js';
import type { EnvelopeOpener, Interpret } from './integrity/property-coverage.js';

interface OpenerWatch {
  /** Called before bytes are opened. If it throws, the caller gets the error. */
  readonly begins?: () => void;
  /** Called with an error that was thrown. The caller gets the error too. */
  readonly failed: (error: unknown) => void;
}

/** Interprets opened plaintext, and reports a failure like one of its opener. */
export const interpreted = <Result>(
  { interpret = unwatched }: Pick<EnvelopeOpener, 'interpret'>,
  read: () => Result,
): Result => interpret(read);

const unwatched: Interpret = (read) => read();

export function watchOpener(opener: EnvelopeOpener, { begins, failed }: OpenerWatch): EnvelopeOpener {
  const guard = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      failed(error);
      throw error;
    }
  };
  const watchedTransform = (transform: ByteTransform): ByteTransform => ({
    push: (chunk) => guard(() => transform.push(chunk)),
    finish: () => {
      begins?.();
      return guard(() => transform.finish());
    },
  });
  const { wholeTag, coverage, integrityTag } = opener;
  const openProperties = opener.openProperties?.bind(opener);
  const orderProof = opener.orderProof?.bind(opener);
  const openInto = opener.openInto?.bind(opener);
  return {
    layout: opener.layout,
    integrityTag,
    interpret: (read) => guard(() => interpreted(opener, read)),
    open: (window, release) => watchedTransform(opener.open(window, release)),
    openInto: openInto && ((window, memory) => watchedTransform(openInto(window, memory))),
    orderProof,
    wholeTag: wholeTag && { unverified: wholeTag.unverified, check: () => watchedTransform(wholeTag.check()) },
    coverage: coverage && { verify: (stored) => guard(() => coverage.verify(stored)) },
    openProperties:
      openProperties &&
      ((place, properties) => {
        begins?.();
        return guard(() => openProperties(place, properties));
      }),
  };
}
