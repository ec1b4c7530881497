import { anyNumber, type RulesOf } from '../../option-rules.js';

/** Options for the maintenance of the messages of a poison queue. */
export interface QueueMaintenanceOptions {
  /**
   * The longest time to live of messages in the queue itself, in days, up to 36,500. Messages there cannot be listed: the report
   * says how long those that were sent before it can stay there.
   *
   * @defaultValue 7, the service's default
   */
  readonly messageTtlDays?: number;
}

export const DEFAULT_TTL_DAYS = 7;

export const QUEUE_MAINTENANCE: RulesOf<QueueMaintenanceOptions> = { messageTtlDays: anyNumber(0, 36_500) };
