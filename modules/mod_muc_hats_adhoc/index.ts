import {
  bare,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type AdhocRequest,
  type AdhocResult,
  type BareJid,
  type FullJid,
  type ModuleApi,
} from "chorus-muc";
import { invalidField, isAtLeast, NS_MUC_USER, parseSubmission, type Form, type Room } from "chorus-muc/muc";
import { ask, CREATE, FIELD_HUE, FIELD_JID, FIELD_TITLE, FIELD_URI, NAME, NAME_OF_SOMEBODY, table } from "./forms.js";
import { Hats, HATS } from "./hats.js";

const NODE = "urn:xmpp:hats:commands:";
/** Absolute (RFC 3986 §4.3), so that a word alone is none. */
const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;
/** Characters of a title or URI. */
const MAX_LENGTH = 1000;

type Values = Readonly<Record<string, string>>;
type Answer = AdhocResult | StanzaError;

function mayManage(room: Room, from: string): boolean {
  return isAtLeast(room.getAffiliation(from), "admin");
}

/** Whoever sees the hats of those in the room. */
function mayList(room: Room, from: string): boolean {
  return room.getOccupantJid(from) !== undefined || isAtLeast(room.getAffiliation(from), "member");
}

/** A hue angle (XEP-0392 §5); empty: none. `null`: neither. */
function parseHue(text: string): number | undefined | null {
  if (text === "") return undefined;
  const hue = /^\d{1,3}(\.\d{1,20})?$/.test(text) ? Number(text) : NaN;
  return hue < 360 ? hue : null;
}

/**
 * Lets the owners and admins of a room make hats and give them to people, and others look at them, by commands of the
 * room (XEP-0317 0.3.1 §3.2 to §3.7).
 *
 * A hat is somebody's by the bare JID, with an affiliation or without, whether in the room or not, and stays theirs when
 * the affiliation changes. `muc_hats_max` (hats of a room, default 100).
 */
@injectable()
export default class MucHatsAdhoc {
  static readonly requires = ["muc", "muc_commands", "muc_hats"];

  readonly #hats: Hats;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {
    this.#hats = new Hats(module);
  }

  load(): void {
    const { module } = this;
    const max = module.getOptionInteger("muc_hats_max", 100, 1);
    module.addItem("muc-lasting-affiliation-data", HATS);

    module.hook("muc-disco#info", ({ room, form }) => {
      const value = this.#hats.hash(room);
      if (value !== undefined) form.push({ name: "hats#hash", type: "text-single", label: "Hats hash", value });
    });

    this.#command("create", "Create a hat", CREATE, (room, request, values) => {
      const created = this.#create(room, values, max);
      if (created instanceof StanzaError) return created;
      return this.#done(room, request, `the hat ${String(values[FIELD_URI])} is there`, created);
    });
    this.#command("destroy", "Destroy a hat", NAME, (room, request, { [FIELD_URI]: uri = "" }) => {
      if (!this.#hats.destroy(room, uri)) return invalidField(FIELD_URI, "There is no such hat");
      return this.#done(room, request, `the hat ${uri} is no more`, true);
    });
    this.#command("assign", "Assign a hat", NAME_OF_SOMEBODY, (room, request, values) => {
      const { [FIELD_URI]: uri = "", [FIELD_JID]: jid = "" } = values;
      if (!this.#hats.defined(room).has(uri)) return invalidField(FIELD_URI, "There is no such hat");
      this.#hats.assign(room, bareOf(jid), uri);
      return this.#done(room, request, `${jid} has the hat ${uri}`);
    });
    this.#command("unassign", "Remove a hat from somebody", NAME_OF_SOMEBODY, (room, request, values) => {
      const { [FIELD_URI]: uri = "", [FIELD_JID]: jid = "" } = values;
      if (!this.#hats.unassign(room, bareOf(jid), uri)) return invalidField(FIELD_URI, "They do not have that hat");
      return this.#done(room, request, `${jid} no longer has the hat ${uri}`);
    });
    this.#lists();
  }

  /** A command of owners and admins: a form, and what is done with it. */
  #command(
    name: string,
    title: string,
    form: Form,
    apply: (room: Room, request: AdhocRequest, values: Values) => Answer,
  ): void {
    this.module.provides("room-adhoc", {
      name: title,
      node: `${NODE}${name}`,
      isFor: mayManage,
      handler: (room: Room, request: AdhocRequest): Answer => {
        if (request.action === "cancel") return { status: "canceled" };
        if (!request.form) return ask(form, title, this.#hats.defined(room));
        const { fields, errors } = parseSubmission(form, request.form);
        const [fault] = Object.entries(errors);
        if (fault) return invalidField(...fault);
        return apply(
          room,
          request,
          Object.fromEntries(Object.entries(fields).map(([key, v]) => [key, String(v ?? "")])),
        );
      },
    });
  }

  /** @returns whether that is any different from what was there */
  #create(room: Room, values: Values, max: number): StanzaError | boolean {
    const { [FIELD_URI]: uri = "", [FIELD_TITLE]: title = "", [FIELD_HUE]: hueText = "" } = values;
    if (title.length > MAX_LENGTH) return invalidField(FIELD_TITLE, "Too long");
    if (!URI.test(uri) || uri.length > MAX_LENGTH) return invalidField(FIELD_URI, "Not a URI");
    const hue = parseHue(hueText);
    if (hue === null) return invalidField(FIELD_HUE, "Not an angle from 0 to less than 360");
    const hats = this.#hats.defined(room);
    if (!hats.has(uri) && hats.size >= max) {
      return new StanzaError({ type: "wait", condition: "resource-constraint", text: `A room has up to ${max} hats` });
    }
    return this.#hats.define(room, uri, hue === undefined ? { title } : { title, hue });
  }

  /** @param isList the list of the room's hats has changed, which everybody is told after the answer (XEP-0317 §3.2) */
  #done(room: Room, { from }: AdhocRequest, what: string, isList = false): AdhocResult {
    this.module.log("debug", "%s: %s by %s", room.jid, what, from);
    if (isList) {
      room.onCommit(() => {
        const x = xml("x", { xmlns: NS_MUC_USER }, xml("status", { code: "104" }));
        room.broadcast(xml("message", { type: "groupchat", from: room.jid }, x));
      });
    }
    return { status: "completed" };
  }

  #lists(): void {
    const hueText = (hue: number | undefined): string | undefined => (hue === undefined ? undefined : String(hue));
    this.module.provides("room-adhoc", {
      name: "List hats",
      node: `${NODE}list`,
      isFor: mayList,
      handler: (room: Room): AdhocResult => {
        const rows = [...this.#hats.defined(room)].map(([uri, { title, hue }]) => [title, uri, hueText(hue)]);
        return { status: "completed", form: table("Hats", [FIELD_TITLE, FIELD_URI, FIELD_HUE], rows) };
      },
    });
    this.module.provides("room-adhoc", {
      name: "List assigned hats",
      node: `${NODE}list-assigned`,
      // Whoever may see the list of members: this one, too, has real JIDs.
      isFor: (room: Room, actor: FullJid): boolean =>
        this.module.fireEvent("muc-may-see-list", { room, actor, affiliation: "member" }) === true,
      handler: (room: Room): AdhocResult => {
        const rows = this.#hats.assigned(room).map(({ jid, uri, title, hue }) => [jid, uri, title, hueText(hue)]);
        return {
          status: "completed",
          form: table("Hats and who has them", [FIELD_JID, FIELD_URI, FIELD_TITLE, FIELD_HUE], rows),
        };
      },
    });
  }
}

function bareOf(jid: string): BareJid {
  return bare(jid as FullJid);
}
