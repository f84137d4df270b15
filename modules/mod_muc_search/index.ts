import {
  childElements,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type Element,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";
import { formElement, getForm, MucToken, NS_RSM, pageRange, resultSet, type Muc } from "chorus-muc/muc";
import { ANONYMITY_NONE, NS_SEARCH, readRequest, SEARCH_FORM, searchError, SERVICE_TYPE } from "./request.js";
import { directoryForm, directoryResult, NS_DIRECTORY, readDirectorySearch } from "./directory.js";
import { findRooms, FoundRooms, isWanted, type FoundRoom } from "./rooms.js";

/** The first search after many rooms were brought over has the list of rooms made. */
const PATIENT = { deadlineMs: 60_000 };

/**
 * Searches the public rooms of the service by words in their names, descriptions and addresses (XEP-0433), a page at a
 * time: at most `muc_search_max_results` rooms (default 100), none of which is loaded for it. The same by fields, for
 * clients that know no other way (XEP-0055).
 *
 * What a room shows to nobody outside is not searched, nor shown: of those for members only, or with a password, there
 * are name and language. `muc_search_allow_all` (default true) lets people have the whole list.
 */
@injectable()
export default class MucSearch {
  static readonly requires = ["muc"];

  #isWhole = true;
  #limit = 100;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {}

  load(): void {
    this.#isWhole = this.module.getOptionBoolean("muc_search_allow_all", true);
    this.#limit = this.module.getOptionInteger("muc_search_max_results", 100, 1);
    this.module.addFeature(NS_SEARCH);
    this.module.addFeature(NS_DIRECTORY);
    this.module.hook(
      `iq-get/host/${NS_SEARCH}:search`,
      (event) => this.#refuse(event) ?? this.#answer(event),
      0,
      PATIENT,
    );
    this.module.hook(`iq-get/host/${NS_DIRECTORY}:query`, (event) => this.#refuse(event) ?? directoryForm());
    this.module.hook(
      `iq-set/host/${NS_DIRECTORY}:query`,
      (event) => this.#refuse(event) ?? this.#lookUp(event),
      0,
      PATIENT,
    );
  }

  /** As the room list, of which this is another view. */
  #refuse(event: IqEvent): StanzaError | undefined {
    if (this.module.may("muc:list-rooms", event)) return undefined;
    return new StanzaError({ type: "auth", condition: "forbidden" });
  }

  #answer(event: IqEvent): Element | StanzaError | Promise<Element | StanzaError> {
    const search = childElements(event.stanza)[0] as Element;
    const form = getForm(search);
    if (form) return this.#search(search, form);
    return xml("iq", {}, xml("search", { xmlns: NS_SEARCH }, formElement(this.#form())));
  }

  /** What is not allowed is not offered. */
  #form(): typeof SEARCH_FORM {
    return this.#isWhole ? SEARCH_FORM : SEARCH_FORM.filter(({ name }) => name !== "all");
  }

  async #search(search: Element, form: Element): Promise<Element | StanzaError> {
    const request = readRequest(form);
    if (request instanceof StanzaError) return request;
    if (!request.terms && !this.#isWhole) {
      const text = "Retrieval of the full database is not allowed.";
      return searchError("cancel", "not-allowed", "full-set-retrieval-rejected", text);
    }
    const { order } = request;
    const found = request.isForRooms
      ? await findRooms(this.muc, (room) => isWanted(room, request), order)
      : new FoundRooms([], order);
    const range = pageRange(found, getChild(search, "set", NS_RSM), this.#limit);
    if (range instanceof StanzaError) return range;
    const page = found.rooms.slice(range.start, range.end);
    const [first, last] = [page.at(0), page.at(-1)].map((room) => room && found.idOf(room));
    const result = xml("result", { xmlns: NS_SEARCH }, ...page.map(item), resultSet(found, range, first, last));
    return xml("iq", {}, result);
  }

  /** The same by fields, for clients that know the older way (XEP-0055). */
  async #lookUp({ stanza }: IqEvent): Promise<Element | StanzaError> {
    const query = childElements(stanza)[0] as Element;
    const matches = readDirectorySearch(getForm(query), this.#isWhole);
    if (matches instanceof StanzaError) return matches;
    const found = await findRooms(this.muc, matches, "address");
    const set = getChild(query, "set", NS_RSM);
    const range = pageRange(found, set, this.#limit);
    if (range instanceof StanzaError) return range;
    return directoryResult(found, range, set !== undefined);
  }
}

/** XEP-0433 §6.2. */
function item({ jid, name, description, language, occupants, isOpen, isAnonymous }: FoundRoom): Element {
  const element = xml("item", { address: jid });
  const tell = (what: string, text: string | undefined): void => {
    if (text !== undefined) element.append(xml(what, {}, text));
  };
  tell("name", name);
  tell("description", description);
  tell("language", language);
  tell("nusers", occupants === undefined ? undefined : String(occupants));
  tell("service-type", SERVICE_TYPE);
  // COMPAT: absent instead of false: in the examples, and so for some clients, the element alone says that it is.
  tell("is-open", isOpen ? "true" : undefined);
  tell("anonymity-mode", isAnonymous ? "muc_semianonymous" : ANONYMITY_NONE);
  return element;
}
