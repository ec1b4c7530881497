import { blobs } from './blobs.js';
import type { Decoder } from './decoder.js';
import { entities } from './entities.js';
import { messages, plainMessages, poisonMessages } from './messages.js';
import { parts } from './parts.js';

export const DECODERS: readonly Decoder[] = [messages, plainMessages, poisonMessages, blobs, entities, ...parts];
