/** Which names the service accepts for queues. */
const QUEUE_NAME = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** The rule in words, for the end of a sentence. */
export const QUEUE_NAME_RULE = '3 to 63 lower-case letters, digits and single hyphens';

export const isQueueName = (name: unknown): boolean => typeof name === 'string' && QUEUE_NAME.test(name);
