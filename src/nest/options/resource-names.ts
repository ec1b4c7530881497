/** Which names Azure Storage accepts for containers, queues and tables. */
import { tableNameFault } from '../../decorators/table-name.js';
import { isQueueName, QUEUE_NAME_RULE } from '../../queue/queue-name.js';
import { givenName, type OptionRule } from '../../option-rules.js';

const SYSTEM_CONTAINERS: readonly unknown[] = ['$root', '$web', '$logs'];

const nameRule = (what: string, isName: (name: string) => boolean, rule: string): OptionRule => ({
  faults: (value, path) => {
    if (typeof value !== 'string') return [`"${path}" must be the name of a ${what}`];
    return isName(value) ? [] : [`"${path}" cannot be ${givenName(value)}: the name of a ${what} has ${rule}`];
  },
});

/** The rule of containers is that of queues, except for the containers of the service itself. */
export const containerName = nameRule(
  'container',
  (name) => SYSTEM_CONTAINERS.includes(name) || isQueueName(name),
  QUEUE_NAME_RULE,
);

export const queueName = nameRule('queue', isQueueName, QUEUE_NAME_RULE);

export const tableName: OptionRule = {
  faults: (value, path) => {
    const fault = tableNameFault(value);
    return fault === null ? [] : [`"${path}": ${fault}`];
  },
};
