import { randomUUID } from "node:crypto";
import { decodeUtf8, failure, type SaslServer, type SaslStep } from "./mechanism.js";

/** What {@link PlainServer} asks about an account. */
export interface PlainOptions {
  prepareUsername(name: string): string | undefined;
  /** Bare JID of the user, for comparison with the authorization identity. */
  jidOf(username: string): string;
  testPassword(username: string, password: string): Promise<boolean>;
}

/** The server's side of PLAIN (RFC 4616 §2): authorization identity, user name and password between NULs. */
export class PlainServer implements SaslServer {
  readonly #options: PlainOptions;

  constructor(options: PlainOptions) {
    this.#options = options;
  }

  async step(message: Buffer): Promise<SaslStep> {
    const parts = decodeUtf8(message)?.split("\0");
    if (parts?.length !== 3) return failure("malformed-request");
    const [authzid, name, password] = parts as [string, string, string];
    if (name === "" || password === "") return failure("malformed-request");
    const username = this.#options.prepareUsername(name);
    if (username === undefined) return failure("not-authorized");
    if (authzid !== "" && authzid !== this.#options.jidOf(username)) return failure("invalid-authzid");
    const right = await this.#options.testPassword(username, password);
    return right ? { kind: "success", username } : failure("not-authorized");
  }
}

/** The server's side of ANONYMOUS (RFC 4505): whoever comes gets a name that nobody else has; trace data is not read. */
export class AnonymousServer implements SaslServer {
  step(): Promise<SaslStep> {
    return Promise.resolve({ kind: "success", username: randomUUID() });
  }
}
