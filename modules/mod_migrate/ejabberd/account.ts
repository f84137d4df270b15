import type { Secret } from "./records.js";
import { decodeUtf8, misshapen, TextError } from "./text-error.js";
import type { Json } from "chorus-muc";

/** Bytes of the keys of a hash. */
const KEY_BYTES = { sha: 20, sha256: 32, sha512: 64 } as const;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Which of several secrets of an account is brought over: the one with the lowest number. */
export function rankOf(secret: Secret): number {
  return secret.kind === "plain" ? 0 : { sha: 1, sha256: 2, sha512: 3 }[secret.hash];
}

/** An account as `mod_auth_internal_hashed` stores it: keys as they are, so that the password stays. @throws TextError */
export function toAccount(secret: Secret): Record<string, Json> {
  if (secret.kind === "plain") {
    if (secret.password === "") throw misshapen("there is no password");
    return { password: secret.password };
  }
  const { hash, iterations } = secret;
  const length = KEY_BYTES[hash];
  if (!Number.isSafeInteger(iterations) || iterations < 1) throw misshapen("the number of iterations is none");
  const suffix = hash === "sha512" ? "_sha512" : "";
  return {
    ...saltOf(bytesOf(secret.salt)),
    iteration_count: iterations,
    [`stored_key${suffix}`]: keyOf(secret.storedKey, length),
    [`server_key${suffix}`]: keyOf(secret.serverKey, length),
  };
}

/** The salt as text where it is some, which is Prosody's way; else in base64. */
function saltOf(salt: Buffer): Record<string, Json> {
  try {
    return { salt: decodeUtf8(salt) };
  } catch (error) {
    if (error instanceof TextError) return { salt_base64: salt.toString("base64") };
    throw error;
  }
}

function keyOf(base64: string, length: number): string {
  const key = bytesOf(base64);
  if (key.length !== length) throw misshapen(`expected a key of ${length} bytes, got ${key.length}`);
  return key.toString("hex");
}

function bytesOf(base64: string): Buffer {
  if (!BASE64.test(base64)) throw misshapen("expected base64");
  return Buffer.from(base64, "base64");
}
