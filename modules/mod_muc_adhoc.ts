import {
  inject,
  injectable,
  ModuleApiToken,
  parseBareJid,
  StanzaError,
  type AdhocRequest,
  type AdhocResult,
  type BareJid,
  type ModuleApi,
} from "chorus-muc";
import {
  formElement,
  MucToken,
  parseAffiliation,
  parseSubmission,
  type Form,
  type FormSubmission,
  type Muc,
} from "chorus-muc/muc";

const NODE_DESTROY = "http://prosody.im/protocol/muc#destroy";
const NODE_SET_AFFILIATION = "http://prosody.im/protocol/muc#set-affiliation";
/** Rooms that the form offers; any other can be named all the same. */
const MAX_OFFERED = 500;

/** Commands of the service's admins: destroying rooms, and changing affiliations in any room (XEP-0050). */
@injectable()
export default class MucAdhoc {
  static readonly requires = ["muc", "adhoc"];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {}

  load(): void {
    // What the operator can do at the command line, and admins of the service by more commands.
    this.module.depends("muc_admin", true);
    this.module.provides("adhoc", {
      name: "Destroy Rooms",
      node: NODE_DESTROY,
      permission: "admin",
      handler: (request: AdhocRequest) => this.#destroy(request),
    });
    this.module.provides("adhoc", {
      name: "Set affiliation in room",
      node: NODE_SET_AFFILIATION,
      permission: "admin",
      handler: (request: AdhocRequest) => this.#setAffiliation(request),
    });
  }

  async #destroy({ action, form, from }: AdhocRequest): Promise<AdhocResult | StanzaError> {
    if (action === "cancel") return { status: "canceled" };
    if (!form) return ask(destroyForm(await this.#roomJids()), "Select the rooms to destroy.");
    // Any room may be named, whether it was offered or not.
    const names = parseSubmission(destroyForm(undefined), form).fields["rooms"];
    const destroyed: string[] = [];
    const kept: string[] = [];
    for (const name of Array.isArray(names) ? (names as readonly string[]) : []) {
      const jid = parseBareJid(name);
      const room = jid && (await this.muc.getRoomFromJid(jid));
      // As a step, which is over when it is on disk.
      const [isDone] = room ? await room.run(() => room.destroyAsync()) : [undefined];
      (isDone ? destroyed : kept).push(name);
    }
    this.module.log("info", "%s destroyed %s", from, destroyed.join(", ") || "no room");
    const notes: { type: "info" | "warn"; text: string }[] = [];
    if (destroyed.length > 0) {
      notes.push({ type: "info", text: `The following rooms were destroyed:\n${destroyed.join("\n")}` });
    }
    if (kept.length > 0 || notes.length === 0) {
      notes.push({ type: "warn", text: `The following rooms were not destroyed:\n${kept.join("\n")}` });
    }
    return { status: "completed", notes };
  }

  async #roomJids(): Promise<readonly BareJid[]> {
    const jids: BareJid[] = [];
    for await (const { jid } of this.muc.allRooms()) {
      jids.push(jid);
      if (jids.length === MAX_OFFERED) break;
    }
    return jids.sort();
  }

  async #setAffiliation({ action, form, from }: AdhocRequest): Promise<AdhocResult | StanzaError> {
    if (action === "cancel") return { status: "canceled" };
    if (!form) return ask(AFFILIATION_FORM, "Fill in the form to change an affiliation.");
    const submitted = parseSubmission(AFFILIATION_FORM, form);
    const fault = firstFault(submitted);
    if (fault !== undefined) return failed(fault);
    const { room: roomName, jid: name, affiliation: word, reason } = submitted.fields;
    const jid = parseBareJid(String(name));
    if (jid === undefined) return failed(`jid: not a bare JID: ${String(name)}`);
    const affiliation = parseAffiliation(String(word));
    if (affiliation === undefined) return failed(`affiliation: not one: ${String(word)}`);
    const roomJid = parseBareJid(String(roomName));
    const room = roomJid && (await this.muc.getRoomFromJid(roomJid));
    if (!room) return failed(`room: there is no ${String(roomName)}`);
    const why = typeof reason === "string" && reason !== "" ? reason : undefined;
    const [isDone, , condition] = await room.run(() => room.setAffiliationAsync(true, jid, affiliation, why));
    if (!isDone) return failed(`${jid} keeps the affiliation: ${condition}`);
    this.module.log("info", "%s made %s %s of %s", from, jid, affiliation, room.jid);
    return { status: "completed", notes: [{ type: "info", text: `${jid} is now ${affiliation} of ${room.jid}` }] };
  }
}

/** @param rooms what is offered; `undefined`: whatever is named is taken */
function destroyForm(rooms: readonly string[] | undefined): Form {
  return [
    { name: "FORM_TYPE", type: "hidden", value: NODE_DESTROY },
    {
      name: "rooms",
      type: "list-multi",
      label: "Rooms to destroy:",
      required: true,
      ...(rooms && { options: rooms.map((value) => ({ value })) }),
    },
  ];
}

const AFFILIATION_FORM: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NODE_SET_AFFILIATION },
  { name: "room", type: "jid-single", label: "Room", required: true },
  { name: "jid", type: "jid-single", label: "JID", required: true },
  {
    name: "affiliation",
    type: "list-single",
    label: "Affiliation",
    required: true,
    options: ["owner", "admin", "member", "none", "outcast"].map((value) => ({ value, label: value })),
  },
  { name: "reason", type: "text-single", label: "Reason" },
];

function ask(form: Form, instructions: string): AdhocResult {
  return { status: "executing", actions: ["complete"], form: formElement(form, "form", {}, { instructions }) };
}

function firstFault({ errors }: FormSubmission): string | undefined {
  const fault = Object.entries(errors)[0];
  return fault && `${fault[0]}: ${fault[1]}`;
}

function failed(text: string): AdhocResult {
  return { status: "completed", notes: [{ type: "error", text }] };
}
