import { isDeepStrictEqual } from "node:util";
import { StanzaError, type BareJid, type ModuleApi } from "chorus-muc";
import type { AffiliationData, FormValue, Room, RoomState } from "chorus-muc/muc";

/** Characters of what is stored of a request, as JSON. */
const MAX_LENGTH = 16_384;

/** A request to be registered, as stored. */
export interface RegistrationRequest {
  readonly jid: BareJid;
  readonly nick: string;
  /** The form as submitted, by field name. */
  readonly fields: Readonly<Record<string, FormValue>>;
  /** What is stored with the affiliation, once it is granted. */
  readonly data: AffiliationData;
  /** Unix seconds. */
  readonly time: number;
}

/** Requests that wait for an answer, oldest first: `_data.registration_requests`. */
export class Requests {
  readonly #stored: RoomState<readonly RegistrationRequest[], readonly RegistrationRequest[]>;

  /** @param limit of requests in one room */
  constructor(
    module: ModuleApi,
    private readonly limit: number,
  ) {
    this.#stored = module.roomState<readonly RegistrationRequest[]>("registration_requests", {
      persist: true,
      default: [],
    });
  }

  of(room: Room): readonly RegistrationRequest[] {
    return this.#stored.get(room);
  }

  find(room: Room, jid: BareJid): RegistrationRequest | undefined {
    return this.of(room).find((request) => request.jid === jid);
  }

  /**
   * Keeps a request, in place of an earlier one of the same user.
   * @returns whether it is news, or why it is not kept
   */
  put(room: Room, request: RegistrationRequest): boolean | StanzaError {
    const json = JSON.stringify(request);
    if (json.length > MAX_LENGTH) {
      return new StanzaError({ type: "modify", condition: "not-acceptable", text: "The form is too long" });
    }
    const kept = JSON.parse(json) as RegistrationRequest;
    const before = this.find(room, kept.jid);
    if (before && isDeepStrictEqual({ ...before, time: kept.time }, kept)) return false;
    const others = this.of(room).filter(({ jid }) => jid !== kept.jid);
    if (others.length >= this.limit) return new StanzaError({ type: "wait", condition: "resource-constraint" });
    this.#stored.set(room, [...others, kept]);
    return true;
  }

  /** @returns whether there was one */
  drop(room: Room, jid: BareJid): boolean {
    if (!this.find(room, jid)) return false;
    return this.#stored.set(
      room,
      this.of(room).filter((request) => request.jid !== jid),
    );
  }
}
