/** An opener with an observer. */
import type { ByteTransform } from '../crypto/byte-transform.js';
import type { EnvelopeOpener } from './integrity/property-coverage.js';

export interface OpenerWatch {
  /** Called before bytes are opened. If it throws, the caller gets the error. */
  readonly begins?: () => void;
  /** Called with an error that was thrown. The caller gets the error as well. */
  readonly failed: (error: unknown) => void;
}

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
  return {
    layout: opener.layout,
    integrityTag,
    open: (window, release) => watchedTransform(opener.open(window, release)),
    orderProof,
    ...(wholeTag === undefined
      ? {}
      : { wholeTag: { unverified: wholeTag.unverified, check: () => watchedTransform(wholeTag.check()) } }),
    ...(coverage === undefined ? {} : { coverage: { verify: (stored) => guard(() => coverage.verify(stored)) } }),
    ...(openProperties === undefined
      ? {}
      : {
          openProperties: (place, properties) => {
            begins?.();
            return guard(() => openProperties(place, properties));
          },
        }),
  };
}
