import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ChannelBindingType, ScramHash, ScramKeys } from "chorus-muc";
import { decodeUtf8, failure, type SaslServer, type SaslStep } from "./mechanism.js";

/** The variant of SCRAM, and what {@link ScramServer} asks about an account. */
export interface ScramOptions {
  readonly hash: ScramHash;
  /** Whether this is the `-PLUS` variant: then the client has to bind, else it must not. */
  readonly plus: boolean;
  /** Whether a `-PLUS` variant was offered on this stream: then a client that says "you offer none" was deceived. */
  readonly plusOffered: boolean;
  channelBinding(type: ChannelBindingType): Buffer | undefined;
  /** Prepares a user name; `undefined` when it can be nobody's. */
  prepareUsername(name: string): string | undefined;
  /** Bare JID of the user, for comparison with the authorization identity. */
  jidOf(username: string): string;
  keys(username: string, hash: ScramHash): Promise<ScramKeys>;
  /** The server's part of the nonce; tests fix it. */
  readonly nonce?: string;
}

const NONCE = /^[!-+\--~]+$/;
const NONCE_BYTES = 18;

/** The server's side of SCRAM (RFC 5802 §5, RFC 7677), with channel binding (RFC 5929, RFC 9266). */
export class ScramServer implements SaslServer {
  readonly #options: ScramOptions;
  #state: ServerFirst | "start" | "done" = "start";

  constructor(options: ScramOptions) {
    this.#options = options;
  }

  async step(message: Buffer): Promise<SaslStep> {
    const text = decodeUtf8(message);
    const state = this.#state;
    this.#state = "done";
    if (text === undefined || state === "done") return failure("malformed-request", "invalid-encoding");
    return state === "start" ? this.#first(text) : this.#final(text, state);
  }

  async #first(text: string): Promise<SaslStep> {
    // gs2-header, and the rest: RFC 5802 §7
    const match = /^(?:(n)|(y)|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,(n=([^,]+),r=([^,]*)(?:,.*)?)$/s.exec(text);
    if (!match) {
      const extension = /^[^,]*,[^,]*,m=/.test(text);
      return failure("malformed-request", extension ? "extensions-not-supported" : "other-error");
    }
    const [, , deceived, bindingType, authzid, bareMessage, name, clientNonce] = match as unknown as string[];
    const bound = this.#bind(deceived !== undefined, bindingType);
    if ("kind" in bound) return bound;
    const username = this.#username(name ?? "");
    if (username === undefined) return failure("not-authorized", "invalid-username-encoding");
    if (!NONCE.test(clientNonce ?? "")) return failure("malformed-request", "other-error");
    if (authzid !== undefined && decodeName(authzid) !== this.#options.jidOf(username))
      return failure("invalid-authzid");

    const keys = await this.#options.keys(username, this.#options.hash);
    const nonce = `${clientNonce}${this.#options.nonce ?? randomBytes(NONCE_BYTES).toString("base64")}`;
    const data = `r=${nonce},s=${keys.salt.toString("base64")},i=${keys.iterations}`;
    const header = text.slice(0, text.length - (bareMessage ?? "").length);
    const binding = Buffer.concat([Buffer.from(header, "utf8"), bound.data]).toString("base64");
    this.#state = { username, keys, nonce, binding, transcript: `${bareMessage},${data},` };
    return { kind: "challenge", data };
  }

  /** What the client says about channel binding, checked against the mechanism (RFC 5802 §6). */
  #bind(deceived: boolean, type: string | undefined): { readonly data: Buffer } | SaslStep {
    const { plus, plusOffered } = this.#options;
    if (deceived && plusOffered) return failure("not-authorized", "server-does-support-channel-binding");
    if (type === undefined) {
      return plus ? failure("malformed-request", "channel-binding-not-supported") : { data: Buffer.alloc(0) };
    }
    if (!plus) return failure("malformed-request", "channel-binding-not-supported");
    const known = type === "tls-exporter" || type === "tls-server-end-point";
    const data = known ? this.#options.channelBinding(type) : undefined;
    return data ? { data } : failure("malformed-request", "unsupported-channel-binding-type");
  }

  #username(name: string): string | undefined {
    const decoded = decodeName(name);
    return decoded === undefined ? undefined : this.#options.prepareUsername(decoded);
  }

  #final(text: string, first: ServerFirst): SaslStep {
    const match = /^(c=([^,]+),r=([^,]+)(?:,[A-Za-z]=[^,]+)*),p=([A-Za-z0-9+/]+=*)$/s.exec(text);
    if (!match) return failure("malformed-request", "other-error");
    const [, withoutProof, binding, nonce, proof] = match as unknown as string[];
    if (!equal(binding ?? "", first.binding)) return failure("not-authorized", "channel-bindings-dont-match");
    if (!equal(nonce ?? "", first.nonce)) return failure("not-authorized", "other-error");

    const { hash } = this.#options;
    const { keys, username } = first;
    const authMessage = first.transcript + (withoutProof ?? "");
    const signature = createHmac(hash, keys.storedKey).update(authMessage).digest();
    const given = Buffer.from(proof ?? "", "base64");
    if (given.length !== signature.length) return failure("not-authorized", "invalid-proof");
    const clientKey = Buffer.from(given.map((byte, index) => byte ^ (signature[index] as number)));
    const storedKey = createHash(hash).update(clientKey).digest();
    if (storedKey.length !== keys.storedKey.length || !timingSafeEqual(storedKey, keys.storedKey)) {
      return failure("not-authorized", "invalid-proof");
    }
    const serverSignature = createHmac(hash, keys.serverKey).update(authMessage).digest("base64");
    return { kind: "success", username, data: `v=${serverSignature}` };
  }
}

interface ServerFirst {
  readonly username: string;
  readonly keys: ScramKeys;
  readonly nonce: string;
  /** What `c=` has to be. */
  readonly binding: string;
  /** The AuthMessage up to the client's last message. */
  readonly transcript: string;
}

/** A `saslname` (RFC 5802 §7): `=2C` is a comma, `=3D` an equals sign, and no other may follow one. */
function decodeName(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined;
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
