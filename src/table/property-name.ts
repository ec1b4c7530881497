/** What the service accepts as the name of a property: an identifier. Many scripts write vowels and accents as marks after a letter. */
export const PROPERTY_NAME = /^[\p{L}_][\p{L}\p{N}\p{M}\p{Pc}]*$/u;
