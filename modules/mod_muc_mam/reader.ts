import {
  childElements,
  reply,
  StanzaError,
  xml,
  type ArchiveEntry,
  type DeferredRequest,
  type Element,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";
import type { Muc, Room } from "chorus-muc/muc";
import { readingError, type AccessOptions } from "./access.js";
import type { RoomArchives } from "./archive.js";
import { NS_MAM } from "./namespaces.js";
import { readPage, type ArchivePlace } from "./page.js";
import { publisherMatch } from "./publisher.js";
import { parseQuery, queryForm, type ArchiveRequest, type PageLimits } from "./query.js";
import { fin, metadata, resultMessage } from "./result.js";

/** What the answers depend on. */
export interface ReaderOptions extends AccessOptions {
  readonly limits: PageLimits;
  /** Results tell how many there are in all. */
  readonly isCounted: boolean;
  /** The rooms give occupants ids. */
  readonly hasOccupantIds: boolean;
}

/** What a result takes in memory before it is sent, in bytes: a message of the usual size, as it was read. */
const PER_RESULT = 1_024;

/** What is sent in answer to a request, made when it is this room's turn. */
type Answer = (room: Room) => { readonly results: readonly Element[]; readonly answer: Element };

/**
 * Answers queries (XEP-0313 §4, §5). Archives are read aside: the room goes on, and so does whoever asks. The results
 * take their place among what the room sends when they are there, and only if they may still be read then.
 */
export class ArchiveReader {
  constructor(
    private readonly module: ModuleApi,
    private readonly muc: Muc,
    private readonly archives: RoomArchives,
    private readonly options: ReaderOptions,
  ) {}

  load(): void {
    this.module.hook(`iq-get/bare/${NS_MAM}:query`, (event) =>
      this.muc.answerIq(event, (room) => this.#refusal(room, event) ?? xml("iq", {}, queryForm())),
    );
    this.module.hook(`iq-set/bare/${NS_MAM}:query`, (event) => this.#take(event, (room) => this.#query(room, event)));
    this.module.hook(`iq-get/bare/${NS_MAM}:metadata`, (event) => this.#take(event, (room) => this.#ends(room)));
  }

  #refusal(room: Room, { stanza }: IqEvent): StanzaError | undefined {
    return readingError(room, String(stanza.attrs["from"]), this.options);
  }

  #take(event: IqEvent, read: (room: Room) => Promise<Answer | StanzaError> | StanzaError): true {
    return this.muc.answerIq(event, (room) => {
      const refusal = this.#refusal(room, event);
      if (refusal) return refusal;
      const reading = read(room);
      if (reading instanceof StanzaError) return reading;
      const { user } = this.archives.placeOf(room);
      const request = event.defer();
      const over = event.origin.backlog?.keep(event.stanza, PER_RESULT * this.options.limits.max);
      reading
        .then((made) => this.#answer(event, user, made))
        .catch((error: unknown) => {
          this.#fail(room, request, error);
        })
        .finally(over);
      return true;
    });
  }

  #query(room: Room, { stanza }: IqEvent): Promise<Answer | StanzaError> | StanzaError {
    const asker = String(stanza.attrs["from"]);
    const request = parseQuery(childElements(stanza)[0] ?? xml("query"), this.options.limits);
    if (request instanceof StanzaError) return request;
    const idOf = this.options.hasOccupantIds ? (jid: string) => room.getOccupantId(jid) : undefined;
    const matches = publisherMatch(room, asker, request.with, idOf);
    if (matches instanceof StanzaError) return matches;
    return this.#page(this.archives.placeOf(room), asker, request, matches);
  }

  async #page(
    place: ArchivePlace,
    asker: string,
    request: ArchiveRequest,
    matches: ((entry: ArchiveEntry) => boolean) | undefined,
  ): Promise<Answer | StanzaError> {
    const page = await readPage(place, request, { matches, isCounted: this.options.isCounted });
    if (page instanceof StanzaError) return page;
    const entries = request.isFlipped ? page.entries.toReversed() : page.entries;
    return (room) => ({
      results: entries.map((entry) => resultMessage(room, asker, request, entry)),
      answer: fin(page),
    });
  }

  async #ends(room: Room): Promise<Answer> {
    const { store, user } = this.archives.placeOf(room);
    const end = async (reverse: boolean): Promise<ArchiveEntry | undefined> => {
      const page = await store.find(user, { limit: 1, reverse });
      for await (const entry of page?.items ?? []) return entry;
      return undefined;
    };
    const [first, last] = [await end(false), await end(true)];
    return () => ({ results: [], answer: metadata(first, last) });
  }

  /** Sends what was read, unless the room has become another meanwhile, or the asker an outcast. */
  async #answer(event: IqEvent, user: string, made: Answer | StanzaError): Promise<void> {
    const { origin, stanza } = event;
    if (made instanceof StanzaError) throw made;
    const room = await this.muc.getRoomFromJid(String(stanza.attrs["to"]));
    if (!room || this.archives.placeOf(room).user !== user) {
      throw new StanzaError({ type: "cancel", condition: "item-not-found" });
    }
    await room.run(() => {
      const refusal = this.#refusal(room, event);
      if (refusal) throw refusal;
      const { results, answer } = made(room);
      for (const result of results) origin.send(result);
      origin.send(Object.assign(answer, { attrs: { ...answer.attrs, ...reply(stanza).attrs } }));
    }, event);
  }

  #fail(room: Room, request: DeferredRequest, error: unknown): void {
    if (error instanceof StanzaError) request.fail(error);
    else {
      this.module.log("error", "%s: the archive could not be read: %s", room.jid, error);
      request.fail(new StanzaError({ type: "cancel", condition: "internal-server-error" }));
    }
  }
}
