import { randomUUID } from "node:crypto";
import type { Clock } from "chorus-muc";

/** A command that somebody has begun and not finished. */
export interface AdhocSession {
  readonly id: string;
  /** Where the command is. */
  readonly to: string;
  readonly node: string;
  /** Full JID; a session is its requester's only. */
  readonly from: string;
  /** What may be done next, and which of it `execute` stands for. */
  readonly actions: ReadonlySet<string>;
  readonly defaultAction: string;
  readonly state: unknown;
}

interface Entry {
  readonly session: AdhocSession;
  readonly expiresAtMs: number;
}

/** Milliseconds in which somebody has to fill in a form. */
const LIFETIME_MS = 30 * 60 * 1000;
/** More than that at once, and the oldest is forgotten. */
const MAX_SESSIONS = 1000;

/** The sessions of the commands of a host. */
export class AdhocSessions {
  /** In order of their last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly clock: Clock) {}

  newId(): string {
    return randomUUID();
  }

  /** Takes a session out: until it is kept again there is none. @returns `undefined` when it is nobody's or another's */
  take(id: string, { from, to, node }: Pick<AdhocSession, "from" | "to" | "node">): AdhocSession | undefined {
    const entry = this.#entries.get(id);
    const session = entry?.session;
    if (!session || session.from !== from || session.to !== to || session.node !== node) return undefined;
    this.#entries.delete(id);
    return entry.expiresAtMs > this.clock.now() ? entry.session : undefined;
  }

  keep(session: AdhocSession): void {
    this.#forget();
    this.#entries.set(session.id, { session, expiresAtMs: this.clock.now() + LIFETIME_MS });
  }

  #forget(): void {
    const now = this.clock.now();
    for (const [id, { expiresAtMs }] of this.#entries) {
      if (expiresAtMs > now && this.#entries.size < MAX_SESSIONS) return;
      this.#entries.delete(id);
    }
  }
}
