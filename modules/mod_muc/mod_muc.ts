import {
  ClockToken,
  HostsToken,
  inject,
  injectable,
  isRequest,
  ModuleApiToken,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  RouterToken,
  type Clock,
  type EventKind,
  type Hosts,
  type IqEvent,
  type ModuleApi,
  type Router,
  type StanzaEvent,
} from "chorus-muc";
import { MucToken, type Muc, type Room } from "chorus-muc/muc";
import { handleAdmin, hookLists } from "./admin.js";
import { checkRooms } from "./data-check.js";
import { hookDetails } from "./details.js";
import { checkNode, hookDisco } from "./disco.js";
import { admit, hookCreation, refuseWithoutRoom, type RoomHandler } from "./entry.js";
import { answerIq } from "./iq-answer.js";
import { hookInvites } from "./invite.js";
import { hookJoinConditions } from "./join.js";
import { handleMessage, hookGroupchat } from "./message.js";
import { NS_MUC_ADMIN, NS_MUC_OWNER } from "./namespaces.js";
import { handlePresence } from "./occupant-presence.js";
import { handleOwner, hookSections } from "./owner.js";
import { handlePrivateMessage } from "./private-message.js";
import { askWhoIsThere } from "./reconcile.js";
import { offerRoomApi } from "./room-extension.js";
import { hookRoomIds } from "./room-id.js";
import { hookRoles } from "./role-change.js";
import type { LiveRoom } from "./room.js";
import { Rooms } from "./rooms.js";
import { Service } from "./service.js";
import { endRooms } from "./shutdown.js";

/** Behind everything that a module at -1 or above does with a stanza to a room. */
const STANZAS = -2;

/** What results of the events mean at run time; see the types in muc-events.ts. */
const EVENT_KINDS: Readonly<Record<string, EventKind>> = {
  "muc-room-pre-create": "suspendable",
  "muc-room-pre-restore": "suspendable",
  "muc-pre-room-destroy": "suspendable",
  "muc-occupant-pre-join": "suspendable",
  "muc-occupant-pre-change": "suspendable",
  "muc-occupant-pre-leave": "suspendable",
  "muc-occupant-groupchat": "suspendable",
  "muc-private-message": "suspendable",
  "muc-pre-invite": "suspendable",
  "muc-pre-decline": "suspendable",
  "muc-pre-set-affiliation": "suspendable",
  "muc-pre-set-role": "suspendable",
  "muc-registration-submitted": "suspendable",
  "muc-registration-pre-remove": "suspendable",
  "muc-form-submitted/*": "suspendable",
  "muc-get-default-role": "stoppable",
  "muc-is-publicly-logged": "stoppable",
  "muc-may-see-details": "stoppable",
  "muc-may-see-list": "stoppable",
  "muc-broadcast-message": "stoppable",
  "muc-message-is-historic": "stoppable",
  "muc-add-history": "stoppable",
  "muc-get-history": "stoppable",
  "muc-invite": "stoppable",
  "muc-decline": "stoppable",
  "muc-config-submitted/*": "stoppable",
  "muc-registration-allowed": "stoppable",
  "muc-room-defaults": "notify",
  "muc-room-created": "notify",
  "muc-room-locked": "notify",
  "muc-room-unlocked": "notify",
  "muc-room-restored": "notify",
  "muc-room-destroyed": "notify",
  "muc-occupant-joined": "notify",
  "muc-occupant-session-new": "notify",
  "muc-occupant-left": "notify",
  "muc-occupant-session-entering": "notify",
  "muc-build-occupant-presence": "notify",
  "muc-broadcast-presence": "notify",
  "muc-voice-request": "notify",
  "muc-voice-response": "notify",
  "muc-broadcast-affiliation": "notify",
  "muc-set-affiliation": "notify",
  "muc-set-affiliation-data/*": "notify",
  "muc-set-role": "notify",
  "muc-registration-form": "notify",
  "muc-public-room": "notify",
  "muc-config-form": "notify",
  "muc-config-submitted": "notify",
  "muc-disco#info": "notify",
  "muc-disco#info/*": "notify",
};

/**
 * Rooms (XEP-0045): the engine. It knows who is in a room and who may do what, and lets modules do the rest through the
 * events of `MucEvents`. What a `Component "…" "muc"` brings along is `standardModules`.
 */
@injectable()
export default class ModMuc {
  /** In the order in which they are loaded. */
  static readonly standardModules = [
    "muc_name",
    "muc_description",
    "muc_language",
    "muc_hidden",
    "muc_password",
    "muc_members_only",
    "muc_moderated",
    "muc_request",
    "muc_persistent",
    "muc_subject",
    "muc_history",
    "muc_register",
    "muc_restrict_pm",
    "muc_whois",
    "muc_presence_broadcast",
    "muc_occupant_id",
    "muc_hats",
    "muc_lock",
    "muc_vcard",
    "muc_unique",
    "muc_adhoc",
    "disco",
    "ping",
    "version",
    "time",
    "uptime",
    "adhoc",
    "vcard",
  ];
  static readonly noReload = "the rooms with their occupants are in it; restart the server";

  readonly #module: ModuleApi;
  readonly #service: Service;
  readonly exports: Muc;

  constructor(
    @inject(ModuleApiToken) module: ModuleApi,
    @inject(RouterToken) router: Router,
    @inject(HostsToken) hosts: Hosts,
    @inject(ClockToken) clock: Clock,
  ) {
    this.#module = module;
    this.#service = new Service(module, router, hosts, clock);
    this.exports = new Rooms(this.#service);
  }

  load(): void {
    const module = this.#module;
    const service = this.#service;
    module.declareEvents(EVENT_KINDS, {
      describe: ({ room }: { room?: Room }) => room?.jid ?? "",
      subject: ({ room }: { room?: Room }) => room,
      // What handlers do after an awaited one is a step of the room, too.
      resume: ({ room }: { room?: Room }, rest) => (room ? room.run(rest) : rest()),
    });
    offerRoomApi(module, service.roomClass);
    module.provide(MucToken, this.exports);
    module.defaultPermission("prosody:admin", ":automatic-ownership");
    module.defaultPermission("prosody:admin", ":recreate-destroyed-room");
    module.defaultPermission("prosody:guest", ":list-rooms");
    hookCreation(service);
    hookRoomIds(module);
    hookRoles(service);
    hookDetails(service);
    hookDisco(service);
    hookJoinConditions(service);
    hookGroupchat(service);
    hookInvites(service);
    hookLists(service);
    hookSections(service);
    this.#hookStanzas();
    module.provides("data-check", { name: "rooms", check: () => checkRooms(service) });
    module.hook("link-up", () => {
      askWhoIsThere(service);
    });
    // Late: modules that have something to store for their rooms do it before.
    module.hookGlobal("server-stopping", () => endRooms(service).then(() => undefined), -300);
  }

  /** Before anybody can come in: whoever was in a room when the last process ended still is. */
  async ready(): Promise<void> {
    await this.#service.records.restore();
  }

  #hookStanzas(): void {
    const module = this.#module;
    const service = this.#service;
    const to = (handle: RoomHandler<StanzaEvent>) => (event: StanzaEvent) => admit(service, event, handle);
    module.hook("presence/full", to(handlePresence), STANZAS);
    module.hook("presence/bare", to(handlePresence), STANZAS);
    module.hook("message/bare", to(handleMessage), STANZAS);
    module.hook("message/full", to(handlePrivateMessage), STANZAS);
    module.hook("iq/full", (event) => this.#relay(event), STANZAS);
    module.hook("iq/bare", (event) => refuseWithoutRoom(service, event), STANZAS);
    const asked = (handle: (room: LiveRoom, event: IqEvent) => void) => (event: IqEvent) =>
      admit(service, event, (room) => {
        if (event.stanza.attrs["type"] === "set") room.touchData();
        handle(room, event);
      });
    module.hook(`iq-get/bare/${NS_DISCO_INFO}:query`, asked(answerInfo), STANZAS);
    module.hook(`iq-get/bare/${NS_DISCO_ITEMS}:query`, asked(answerItems), STANZAS);
    for (const type of ["get", "set"] as const) {
      module.hook(`iq-${type}/bare/${NS_MUC_ADMIN}:query`, asked(handleAdmin), STANZAS);
      module.hook(`iq-${type}/bare/${NS_MUC_OWNER}:query`, asked(handleOwner), STANZAS);
    }
  }

  /** Between occupants: requests are passed on, and what answers them is passed back. */
  #relay(event: IqEvent): true {
    const { relay } = this.#service;
    return admit(this.#service, event, (room) => {
      if (isRequest(event.stanza)) answerIq(event, relay.ask(room, event));
      else relay.answer(room, event);
    });
  }
}

/** What a room is and can do (XEP-0045 §6.4). */
function answerInfo(room: LiveRoom, event: IqEvent): void {
  answerIq(event, checkNode(room, event.stanza) ?? room.getDiscoInfo(event.stanza));
}

/** Who is in a room: nobody is told (XEP-0045 §6.5). */
function answerItems(room: LiveRoom, event: IqEvent): void {
  answerIq(event, room.getDiscoItems(event.stanza));
}
