import { createHmac, randomBytes } from "node:crypto";
import {
  AccountError,
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  type AuthMethod,
  type AuthProvider,
  type Clock,
  type KeyvalStore,
  type ModuleApi,
  type ScramHash,
  type ScramKeys,
} from "chorus-muc";
import {
  completed,
  fits,
  keysOf,
  preparePassword,
  requirePassword,
  withPassword,
  type AccountRecord,
  type KeyHash,
} from "./record.js";

const SCRAM_HASHES = ["sha1", "sha256"] as const;
const KEY_HASHES = [...SCRAM_HASHES, "sha512"] as const;

/**
 * Accounts in the store `accounts`, as keys from which no password can be read (RFC 5802 §3).
 *
 * SCRAM-SHA-256 is offered once every account has keys for it: a client takes the strongest mechanism and gives up when
 * that one fails, and accounts that came from elsewhere have keys of one hash only until their user logs in by PLAIN.
 */
@injectable()
export default class InternalHashedAccounts implements AuthProvider {
  readonly name = "internal_hashed";
  readonly #accounts: KeyvalStore<AccountRecord>;
  /** Users without keys for a hash. */
  readonly #incomplete = { sha1: new Set<string>(), sha256: new Set<string>() };
  readonly #beingCreated = new Set<string>();
  /** Until all accounts were looked at, none is known to have keys of SHA-256. */
  #lookedAt = false;
  #iterations = 10_000;
  #decoySecret: Promise<Buffer> | undefined;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#accounts = module.openStore<AccountRecord>("accounts");
  }

  load(): void {
    this.#iterations = this.module.getOptionInteger("default_iteration_count", 10_000, 4096); // rounds of PBKDF2
    this.module.provides("auth", this);
  }

  async ready(): Promise<void> {
    for await (const username of this.#accounts.users()) this.#note(username, await this.#accounts.get(username));
    this.#lookedAt = true;
    if (this.#incomplete.sha256.size > 0) {
      this.module.log(
        "info",
        "SCRAM-SHA-256 is not offered, as %d accounts have no keys for it; they get them when their users log in by PLAIN or change the password",
        this.#incomplete.sha256.size,
      );
    }
  }

  get methods(): ReadonlySet<AuthMethod> {
    const methods = new Set<AuthMethod>(["plain"]);
    if (this.#incomplete.sha1.size === 0) methods.add("scram-sha-1");
    if (this.#lookedAt && this.#incomplete.sha256.size === 0) methods.add("scram-sha-256");
    return methods;
  }

  async exists(username: string): Promise<boolean> {
    return (await this.#accounts.get(username)) !== undefined;
  }

  async testPassword(username: string, password: string): Promise<boolean> {
    const record = await this.#accounts.get(username);
    const prepared = preparePassword(password) ?? "";
    if (record?.password !== undefined) await this.#hash(username, record);
    const current = record?.password === undefined ? record : await this.#accounts.get(username);
    for (const hash of KEY_HASHES) {
      const keys = current && keysOf(current, hash);
      if (!keys) continue;
      const mayLogIn = prepared !== "" && current.disabled !== true;
      if (await fits(prepared, keys, hash)) {
        if (mayLogIn) await this.#complete(username, prepared, keys, hash);
        return mayLogIn;
      }
      // COMPAT: ejabberd makes keys of a password as it was typed.
      if (!mayLogIn || prepared === password || !(await fits(password, keys, hash))) return false;
      await this.#replace(username, prepared, keys, hash);
      return true;
    }
    await fits(prepared, await this.#decoy(username, "sha1"), "sha1");
    return false;
  }

  async scramKeys(username: string, hash: ScramHash): Promise<ScramKeys> {
    let record = await this.#accounts.get(username);
    if (record?.password !== undefined) record = await this.#hash(username, record);
    const keys = record && record.disabled !== true ? keysOf(record, hash) : undefined;
    return keys ?? this.#decoy(username, hash);
  }

  async create(username: string, password: string): Promise<void> {
    const prepared = requirePassword(password);
    if (this.#beingCreated.has(username) || (await this.exists(username)))
      throw this.#error("ACCOUNT_EXISTS", username);
    this.#beingCreated.add(username);
    try {
      await this.#accounts.set(username, await withPassword({}, prepared, this.#iterations, this.#now()));
    } finally {
      this.#beingCreated.delete(username);
    }
  }

  async setPassword(username: string, password: string): Promise<void> {
    const prepared = requirePassword(password);
    const record = await this.#accounts.get(username);
    if (!record) throw this.#error("ACCOUNT_UNKNOWN", username);
    await this.#save(username, await withPassword(record, prepared, this.#iterations, this.#now()));
  }

  async delete(username: string): Promise<void> {
    if (!(await this.exists(username))) throw this.#error("ACCOUNT_UNKNOWN", username);
    await this.#accounts.set(username, undefined);
    for (const hash of SCRAM_HASHES) this.#incomplete[hash].delete(username);
  }

  users(): AsyncIterable<string> {
    return this.#accounts.users();
  }

  /** Replaces a clear-text password by its keys. */
  async #hash(username: string, record: AccountRecord): Promise<AccountRecord> {
    const prepared = preparePassword(record.password ?? "");
    if (prepared === undefined) return record;
    const hashed = await withPassword(record, prepared, this.#iterations, this.#now());
    const now = await this.#accounts.get(username);
    if (now?.password === record.password) await this.#save(username, hashed);
    return hashed;
  }

  /** Adds the keys that are missing, unless the password was changed meanwhile. */
  async #complete(username: string, password: string, keys: ScramKeys, hash: KeyHash): Promise<void> {
    if (!SCRAM_HASHES.some((each) => this.#incomplete[each].has(username))) return;
    const record = await this.#accounts.get(username);
    if (!record) return;
    const full = await completed(record, password);
    const latest = await this.#accounts.get(username);
    if (latest && keysOf(latest, hash)?.storedKey.equals(keys.storedKey)) await this.#save(username, full);
  }

  /** Makes keys of the prepared password, unless the password was changed meanwhile. */
  async #replace(username: string, password: string, keys: ScramKeys, hash: KeyHash): Promise<void> {
    const record = await this.#accounts.get(username);
    if (!record) return;
    const hashed = await withPassword(record, password, this.#iterations, this.#now());
    const latest = await this.#accounts.get(username);
    if (latest && keysOf(latest, hash)?.storedKey.equals(keys.storedKey)) await this.#save(username, hashed);
  }

  async #save(username: string, record: AccountRecord): Promise<void> {
    await this.#accounts.set(username, record);
    this.#note(username, record);
  }

  #note(username: string, record: AccountRecord | undefined): void {
    // A clear-text password gets keys for every hash when it is first used; without any, nobody can log in anyway.
    const canLogIn = record !== undefined && KEY_HASHES.some((hash) => keysOf(record, hash) !== undefined);
    for (const hash of SCRAM_HASHES) {
      if (canLogIn && record.password === undefined && !keysOf(record, hash)) this.#incomplete[hash].add(username);
      else this.#incomplete[hash].delete(username);
    }
  }

  async #decoy(username: string, hash: ScramHash): Promise<ScramKeys> {
    this.#decoySecret ??= this.#loadDecoySecret();
    const digest = createHmac("sha256", await this.#decoySecret)
      .update(username)
      .digest("hex");
    // In the form of the salts of real accounts, version and variant digits of a UUID included.
    const variant = "89ab"[Number.parseInt(digest.charAt(16), 16) % 4];
    const salt = [
      digest.slice(0, 8),
      digest.slice(8, 12),
      `4${digest.slice(13, 16)}`,
      `${variant}${digest.slice(17, 20)}`,
      digest.slice(20, 32),
    ].join("-");
    const length = hash === "sha1" ? 20 : 32;
    return {
      salt: Buffer.from(salt),
      iterations: this.#iterations,
      storedKey: randomBytes(length),
      serverKey: randomBytes(length),
    };
  }

  async #loadDecoySecret(): Promise<Buffer> {
    const store = this.module.openStore<{ secret: string }>("auth_decoy");
    const stored = await store.get(null);
    if (stored) return Buffer.from(stored.secret, "hex");
    const secret = randomBytes(32);
    await store.set(null, { secret: secret.toString("hex") });
    return secret;
  }

  #error(code: "ACCOUNT_EXISTS" | "ACCOUNT_UNKNOWN", username: string): AccountError {
    const jid = `${username}@${this.module.host}`;
    return new AccountError(code, code === "ACCOUNT_EXISTS" ? `${jid} exists already` : `there is no ${jid}`);
  }

  #now(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}
