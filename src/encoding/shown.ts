/** What `console.log` shows of an object that holds a secret, or a client of an SDK, which would show the account key. */
import { inspect, type InspectOptions } from 'node:util';

/** The class and these facts, as `util.inspect` shows an object. */
export const shown = (object: object, facts: object, options: InspectOptions): string =>
  `${object.constructor.name} ${inspect(facts, options)}`;
