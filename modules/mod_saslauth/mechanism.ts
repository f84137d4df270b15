/** Conditions of a `<failure/>` (RFC 6120 §6.5). */
export type SaslCondition =
  | "aborted"
  | "account-disabled"
  | "encryption-required"
  | "incorrect-encoding"
  | "invalid-authzid"
  | "invalid-mechanism"
  | "malformed-request"
  | "not-authorized"
  | "temporary-auth-failure";

/** What a mechanism answers to a message of the client. */
export type SaslStep =
  | { readonly kind: "challenge"; readonly data: string }
  | { readonly kind: "success"; readonly username: string; readonly data?: string }
  /** `error`: the value of RFC 5802 §7, for SCRAM. */
  | { readonly kind: "failure"; readonly condition: SaslCondition; readonly error?: string };

/** One attempt to log in by one mechanism. */
export interface SaslServer {
  /** The client's next message; the first is its initial response. */
  step(message: Buffer): Promise<SaslStep>;
}

/** A refusal as a value. */
export function failure(condition: SaslCondition, error?: string): SaslStep {
  return { kind: "failure", condition, ...(error === undefined ? {} : { error }) };
}

/** Text of a message, or `undefined` when it is no UTF-8. */
export function decodeUtf8(message: Buffer): string | undefined {
  const text = message.toString("utf8");
  return text.includes("\ufffd") && !Buffer.from(text, "utf8").equals(message) ? undefined : text;
}
