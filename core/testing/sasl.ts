/** The client's side of SASL, as far as tests need it: PLAIN, SCRAM (RFC 5802, without channel binding), ANONYMOUS. */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** One login under way. */
export interface SaslExchange {
  readonly mechanism: string;
  /** The initial response. */
  start(): string;
  /** Answers a challenge. @throws Error when the server has not shown that it knows the password */
  answer(challenge: string): string;
  /** Checks what came with success. @throws Error as above */
  finish(additionalData: string | undefined): void;
}

/** Mechanisms in the order in which a client without a wish picks them. */
const PREFERENCE = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1"] as const;

/**
 * Starts a login.
 * @param offered the server's mechanisms
 * @param wanted this mechanism and no other
 * @throws Error when there is none that both know
 */
export function startSasl(
  offered: readonly string[],
  user: string | undefined,
  password: string | undefined,
  wanted?: string,
): SaslExchange {
  const possible = user === undefined ? ["ANONYMOUS"] : PREFERENCE;
  const mechanism = (wanted === undefined ? possible : [wanted]).find((name) => offered.includes(name));
  switch (mechanism) {
    case "ANONYMOUS":
      return simple(mechanism, "");
    case "PLAIN":
      return simple(mechanism, `\0${user ?? ""}\0${password ?? ""}`);
    case "SCRAM-SHA-1":
      return new Scram(mechanism, "sha1", user ?? "", password ?? "");
    case "SCRAM-SHA-256":
      return new Scram(mechanism, "sha256", user ?? "", password ?? "");
    default:
      throw new Error(`no mechanism in common: ${wanted ?? possible.join(", ")} against ${offered.join(", ")}`);
  }
}

function simple(mechanism: string, response: string): SaslExchange {
  return {
    mechanism,
    start: () => response,
    answer: () => "",
    finish: () => undefined,
  };
}

class Scram implements SaslExchange {
  readonly #nonce = randomBytes(18).toString("base64");
  readonly #first: string;
  #expectedSignature: Buffer | undefined;
  #verified = false;

  constructor(
    readonly mechanism: string,
    readonly hash: "sha1" | "sha256",
    user: string,
    readonly password: string,
  ) {
    this.#first = `n=${user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${this.#nonce}`;
  }

  start(): string {
    return `n,,${this.#first}`;
  }

  answer(challenge: string): string {
    if (this.#expectedSignature !== undefined) {
      this.#verify(challenge);
      return "";
    }
    const { r: nonce = "", s: salt = "", i: iterations = "" } = attributesOf(challenge);
    if (!nonce.startsWith(this.#nonce) || !/^\d+$/.test(iterations))
      throw new Error(`SCRAM: bad challenge ${challenge}`);
    const salted = pbkdf2Sync(this.password, Buffer.from(salt, "base64"), Number(iterations), this.#size, this.hash);
    const clientKey = this.#hmac(salted, "Client Key");
    const storedKey = createHash(this.hash).update(clientKey).digest();
    const final = `c=biws,r=${nonce}`;
    const message = `${this.#first},${challenge},${final}`;
    const signature = this.#hmac(storedKey, message);
    this.#expectedSignature = this.#hmac(this.#hmac(salted, "Server Key"), message);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    return `${final},p=${proof.toString("base64")}`;
  }

  finish(additionalData: string | undefined): void {
    if (additionalData !== undefined) this.#verify(additionalData);
    if (!this.#verified) throw new Error("SCRAM: the server has not shown that it knows the password");
  }

  get #size(): number {
    return this.hash === "sha1" ? 20 : 32;
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.hash, key).update(text).digest();
  }

  #verify(message: string): void {
    const signature = Buffer.from(attributesOf(message)["v"] ?? "", "base64");
    const expected = this.#expectedSignature;
    this.#verified =
      expected !== undefined && signature.length === expected.length && timingSafeEqual(signature, expected);
    if (!this.#verified) throw new Error(`SCRAM: the server does not know the password: ${message}`);
  }
}

function attributesOf(message: string): Record<string, string> {
  return Object.fromEntries(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}
