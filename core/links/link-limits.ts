import type { StreamLimits } from "../xmpp/stream-parser.js";

/** Bounds of a connection to an upstream server. */
export interface LinkLimits extends StreamLimits {
  /** While more than this waits, the connection is given up as soon as the server takes nothing of it; UTF-16 units. */
  readonly maxPending: number;
  /** While more than this waits to be sent, nothing is read; UTF-16 units, less than `maxPending`. */
  readonly highWater: number;
  /** While more than this has come in and is not finished, nothing is read; bytes, as the backlog counts. */
  readonly maxBacklog: number;
  /** How long the server may take nothing of what waits for it. */
  readonly sendMs: number;
  readonly connectMs: number;
  /** From the connection to the end of the handshake. */
  readonly handshakeMs: number;
  /** From the beginning of a stanza to its end. */
  readonly stanzaMs: number;
  /** Silence after which the server is asked whether it is there. */
  readonly idleMs: number;
  /** How long it may take to answer that. */
  readonly pingMs: number;
}

/** How much more may wait as long as the server reads: one stanza may be answered by very much. */
const BURST = 8;
const LEAST_BURST = 67_108_864;

/** What may wait in any case, in UTF-16 units. */
export function mostPending({ maxPending }: LinkLimits): number {
  return Math.max(BURST * maxPending, LEAST_BURST);
}

/** Prosody's stanza size for components, and room for a burst to thousands of occupants. */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  maxStanzaBytes: 524_288,
  maxDepth: 128,
  maxAttributes: 128,
  maxPending: 67_108_864,
  highWater: 4_194_304,
  maxBacklog: 16_777_216,
  sendMs: 120_000,
  connectMs: 10_000,
  handshakeMs: 10_000,
  stanzaMs: 120_000,
  idleMs: 60_000,
  pingMs: 30_000,
};
