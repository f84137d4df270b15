import { createHash, createHmac, pbkdf2, randomUUID, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import saslprep from "@mongodb-js/saslprep";
import { AccountError, type ScramHash, type ScramKeys } from "chorus-muc";

const deriveKey = promisify(pbkdf2);
const KEY_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** Hashes that keys may be of. Those of SHA-512 came from elsewhere: a password is compared with them, and no more. */
export type KeyHash = ScramHash | "sha512";

/**
 * An account as it is stored, in Prosody's form (its store `accounts`), so that moving accounts in or out is a copy:
 * `stored_key` and `server_key` are lower-case hex of SHA-1, or of SHA-256 where Prosody's `password_hash` said so; the
 * salt is the text itself. The keys for the other hash are ours, beside those, and so is a salt that is no text.
 */
export interface AccountRecord {
  readonly salt?: string;
  /** The salt, where its bytes are no UTF-8: of accounts that came from ejabberd. */
  readonly salt_base64?: string;
  readonly iteration_count?: number;
  readonly stored_key?: string;
  readonly server_key?: string;
  readonly stored_key_sha1?: string;
  readonly server_key_sha1?: string;
  readonly stored_key_sha256?: string;
  readonly server_key_sha256?: string;
  readonly stored_key_sha512?: string;
  readonly server_key_sha512?: string;
  /** Clear text, from `internal_plain`; replaced by keys when the user next logs in. */
  readonly password?: string;
  /** Unix seconds. */
  readonly created?: number;
  readonly updated?: number;
  readonly disabled?: boolean;
  readonly [other: string]: string | number | boolean | undefined | object;
}

/** What can be asked of a password: SASLprep (RFC 4013). @returns `undefined` when it is empty or not allowed */
export function preparePassword(password: string): string | undefined {
  try {
    return saslprep(password, { allowUnassigned: false }) || undefined;
  } catch {
    return undefined;
  }
}

/** {@link preparePassword} where one is set. @throws AccountError */
export function requirePassword(password: string): string {
  const prepared = preparePassword(password);
  if (prepared === undefined) {
    throw new AccountError("ACCOUNT_PASSWORD", "the password is empty or has characters that no password may have");
  }
  return prepared;
}

/** The keys of an account for one hash, or `undefined` when it has none for it. */
export function keysOf(record: AccountRecord, hash: KeyHash): ScramKeys | undefined {
  const hexLength = KEY_BYTES[hash] * 2;
  const main = record.stored_key?.length === hexLength && record.server_key?.length === hexLength;
  const storedKey = main ? record.stored_key : record[`stored_key_${hash}`];
  const serverKey = main ? record.server_key : record[`server_key_${hash}`];
  const salt = saltOf(record);
  if (storedKey === undefined || serverKey === undefined || salt === undefined) return undefined;
  return {
    salt,
    iterations: record.iteration_count ?? 4096,
    storedKey: Buffer.from(storedKey, "hex"),
    serverKey: Buffer.from(serverKey, "hex"),
  };
}

function saltOf({ salt, salt_base64: base64 }: AccountRecord): Buffer | undefined {
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  return salt === undefined ? undefined : Buffer.from(salt, "utf8");
}

/** The keys of a prepared password (RFC 5802 §3). */
export async function deriveKeys(
  password: string,
  salt: Buffer,
  iterations: number,
  hash: KeyHash,
): Promise<ScramKeys> {
  const salted = await deriveKey(password, salt, iterations, KEY_BYTES[hash], hash);
  const clientKey = createHmac(hash, salted).update("Client Key").digest();
  const serverKey = createHmac(hash, salted).update("Server Key").digest();
  return { salt, iterations, storedKey: createHash(hash).update(clientKey).digest(), serverKey };
}

/** Whether a prepared password fits, in constant time. */
export async function fits(password: string, keys: ScramKeys, hash: KeyHash): Promise<boolean> {
  const given = await deriveKeys(password, keys.salt, keys.iterations, hash);
  return timingSafeEqual(given.storedKey, keys.storedKey) && timingSafeEqual(given.serverKey, keys.serverKey);
}

/** What is gone with the password that it was made of. */
const REPLACED: ReadonlySet<string> = new Set([
  "password",
  "salt_base64",
  "stored_key_sha1",
  "server_key_sha1",
  "stored_key_sha512",
  "server_key_sha512",
]);

/** The record with keys of both hashes for a prepared password; what else it holds stays. */
export async function withPassword(
  record: AccountRecord,
  password: string,
  iterations: number,
  nowSeconds: number,
): Promise<AccountRecord> {
  const salt = randomUUID();
  const count = Math.max(iterations, record.iteration_count ?? 0);
  const [sha1, sha256] = await Promise.all([
    deriveKeys(password, Buffer.from(salt), count, "sha1"),
    deriveKeys(password, Buffer.from(salt), count, "sha256"),
  ]);
  const kept = Object.fromEntries(Object.entries(record).filter(([key]) => !REPLACED.has(key)));
  return {
    ...kept,
    salt,
    iteration_count: count,
    stored_key: sha1.storedKey.toString("hex"),
    server_key: sha1.serverKey.toString("hex"),
    stored_key_sha256: sha256.storedKey.toString("hex"),
    server_key_sha256: sha256.serverKey.toString("hex"),
    created: record.created ?? nowSeconds,
    updated: nowSeconds,
  };
}

/** The record with the keys it lacks, for the password that was just found to be right. */
export async function completed(record: AccountRecord, password: string): Promise<AccountRecord> {
  const salt = saltOf(record);
  if (salt === undefined) return record;
  const additions: Record<string, string> = {};
  for (const hash of ["sha1", "sha256"] as const) {
    if (keysOf(record, hash)) continue;
    const keys = await deriveKeys(password, salt, record.iteration_count ?? 4096, hash);
    additions[`stored_key_${hash}`] = keys.storedKey.toString("hex");
    additions[`server_key_${hash}`] = keys.serverKey.toString("hex");
  }
  return { ...record, ...additions };
}
