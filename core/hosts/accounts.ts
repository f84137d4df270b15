import type { Host } from "./host.js";
import type { Hosts } from "./hosts.js";

/** The hashes that SCRAM is offered with here (RFC 5802, RFC 7677). */
export type ScramHash = "sha1" | "sha256";

/** What SCRAM has to know of an account, for one hash (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** A way in which users of a host prove who they are. */
export type AuthMethod = "anonymous" | "plain" | "scram-sha-1" | "scram-sha-256";

/**
 * What holds the accounts of a host; a module adds it by `module.provides("auth", provider)`. Which one a host has, says
 * its option `authentication`. User names are prepared ones. Passwords are as they were typed: the provider applies
 * SASLprep. A method that the provider cannot do is left out.
 */
export interface AuthProvider {
  readonly name: string;
  /** What it can do at present; asked for each stream. */
  readonly methods: ReadonlySet<AuthMethod>;
  /** Whether there is an account of that name. */
  exists(username: string): Promise<boolean>;
  /** False for an unknown user, too, after as much work as for a known one. */
  testPassword?(username: string, password: string): Promise<boolean>;
  /** For an unknown user: keys that no password fits, with the same salt each time, so that nobody can tell. */
  scramKeys?(username: string, hash: ScramHash): Promise<ScramKeys>;
  /** Stored when it resolves. @throws AccountError */
  create?(username: string, password: string): Promise<void>;
  /** Stored when it resolves. @throws AccountError */
  setPassword?(username: string, password: string): Promise<void>;
  /** Gone when it resolves. @throws AccountError */
  delete?(username: string): Promise<void>;
  /** Names of all accounts; absent where they cannot be listed. */
  users?(): AsyncIterable<string>;
}

/** Why an account could not be made or changed. `docs/errors.md` has cause and remedy of each code. */
export class AccountError extends Error {
  override readonly name = "AccountError";
  constructor(
    readonly code:
      "ACCOUNT_EXISTS" | "ACCOUNT_UNKNOWN" | "ACCOUNT_UNSUPPORTED" | "ACCOUNT_PASSWORD" | "ACCOUNT_NO_HOST",
    message: string,
  ) {
    super(message);
  }
}

/** The provider of a host's accounts; `undefined` where nobody can log in, as on components. */
export function authProviderOf(host: Host): AuthProvider | undefined {
  return host.items("auth-provider")[0] as AuthProvider | undefined;
}

/** Makes and changes accounts, and tells everybody by the global events `user-created` and the like. */
export class Accounts {
  readonly #hosts: Hosts;

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  /** @throws AccountError when the host is not one with accounts */
  provider(host: string): AuthProvider {
    const served = this.#hosts.get(host);
    const provider = served && authProviderOf(served);
    if (!provider) throw new AccountError("ACCOUNT_NO_HOST", `${host} is not a host with accounts`);
    return provider;
  }

  /** @throws AccountError */
  async create(username: string, host: string, password: string): Promise<void> {
    const provider = this.provider(host);
    if (!provider.create) throw unsupported(provider);
    await provider.create(username, password);
    this.#hosts.events.fire("user-created", { username, host });
  }

  /** @throws AccountError */
  async setPassword(username: string, host: string, password: string): Promise<void> {
    const provider = this.provider(host);
    if (!provider.setPassword) throw unsupported(provider);
    await provider.setPassword(username, password);
    this.#hosts.events.fire("user-password-changed", { username, host });
  }

  /** Removes the account; what others stored for the user goes with `user-deleted`. @throws AccountError */
  async delete(username: string, host: string): Promise<void> {
    const provider = this.provider(host);
    if (!provider.delete) throw unsupported(provider);
    await provider.delete(username);
    this.#hosts.events.fire("user-deleted", { username, host });
  }
}

function unsupported(provider: AuthProvider): AccountError {
  return new AccountError("ACCOUNT_UNSUPPORTED", `accounts of "${provider.name}" cannot be changed here`);
}
