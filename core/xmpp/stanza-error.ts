import type { Element } from "./element.js";

/** The error types of RFC 6120 §8.3.2. */
export type ErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** The defined conditions of RFC 6120 §8.3.3, with the numeric code that clients before it read (XEP-0086 §3). */
export const CONDITION_CODES = {
  "bad-request": 400,
  conflict: 409,
  "feature-not-implemented": 501,
  forbidden: 403,
  gone: 302,
  "internal-server-error": 500,
  "item-not-found": 404,
  "jid-malformed": 400,
  "not-acceptable": 406,
  "not-allowed": 405,
  "not-authorized": 401,
  "policy-violation": 403,
  "recipient-unavailable": 404,
  redirect: 302,
  "registration-required": 407,
  "remote-server-not-found": 404,
  "remote-server-timeout": 504,
  "resource-constraint": 500,
  "service-unavailable": 503,
  "subscription-required": 407,
  "undefined-condition": 500,
  "unexpected-request": 400,
} as const;

/** A defined condition of RFC 6120 §8.3.3. */
export type ErrorCondition = keyof typeof CONDITION_CODES;

/** Parser of the closed vocabulary: the condition, or `undefined` for a word that is none. */
export function parseCondition(name: string): ErrorCondition | undefined {
  return Object.hasOwn(CONDITION_CODES, name) ? (name as ErrorCondition) : undefined;
}

/** What a {@link StanzaError} is made of. */
export interface StanzaErrorInit {
  /** Whether trying again is of use, and how (RFC 6120 §8.3.2). */
  readonly type: ErrorType;
  /** What is wrong (RFC 6120 §8.3.3). */
  readonly condition: ErrorCondition;
  /** For humans; never tells more than the condition may. */
  readonly text?: string | undefined;
  /** JID of the entity that raised it; left out of the answer when it equals the answer's own `from`. */
  readonly by?: string | undefined;
  /** `uri`: content of `<gone/>` or `<redirect/>`; `tag`: an application-specific condition. */
  readonly extra?: { readonly uri?: string; readonly tag?: Element } | undefined;
  /** What was thrown, when an exception became this answer; for the log only. */
  readonly cause?: unknown;
}

/**
 * A refusal: a handler returns it, and the core addresses and sends it, once (RFC 6120 §8.3).
 *
 * It is an `Error` so that promises may reject with it; its stack is not captured, as refusing is ordinary work.
 */
export class StanzaError extends Error {
  override readonly name = "StanzaError";
  readonly type: ErrorType;
  readonly condition: ErrorCondition;
  readonly text: string | undefined;
  readonly by: string | undefined;
  readonly extra: StanzaErrorInit["extra"];

  constructor(init: StanzaErrorInit) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(init.text ?? init.condition, init.cause === undefined ? undefined : { cause: init.cause });
    Error.stackTraceLimit = limit;
    this.type = init.type;
    this.condition = init.condition;
    this.text = init.text;
    this.by = init.by;
    this.extra = init.extra;
  }
}
