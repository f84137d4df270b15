import {
  childElements,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  reply,
  StanzaError,
  xml,
  type Element,
  type ErrorCondition,
} from "chorus-muc";
import { formElement, type Form, type FormValue } from "./form.js";
import { NS_MUC, NS_ROOM_INFO } from "./namespaces.js";
import { listRooms } from "./room-list.js";
import type { LiveRoom } from "./room.js";
import { NS_RSM } from "./rsm.js";
import type { Service } from "./service.js";

/** Messages keep the id that their sender gave them (XEP-0045 §7.4). */
const STABLE_ID = `${NS_MUC}#stable_id`;
/** Of the first list after many rooms were brought over: it has to be made from all of them. */
const LIST_DEADLINE_MS = 60_000;
const FEATURES = [NS_MUC, STABLE_ID, `${NS_MUC}#self-ping-optimization`];

/** What the engine itself says about a room. */
export function hookDisco(service: Service): void {
  const { module, publicRooms } = service;
  module.hook("muc-disco#info", ({ room, query, form, formdata, showsDetails }) => {
    query.append(xml("identity", { category: "conference", type: "text", name: room.getName() }));
    for (const feature of FEATURES) query.append(xml("feature", { var: feature }));
    if (!showsDetails) return undefined;
    form.push({ name: "muc#roominfo_occupants", type: "text-single", label: "Number of occupants" });
    formdata["muc#roominfo_occupants"] = String(room.occupantCount);
    return undefined;
  });
  module.addFeature(NS_MUC);
  module.addFeature(STABLE_ID);
  module.addFeature(NS_RSM);
  module.addIdentity("conference", "text", module.getOptionString("name", "Prosody Chatrooms"));
  module.hook(
    "host-disco-items",
    (event) => (module.may(":list-rooms", event) ? listRooms(publicRooms, event) : undefined),
    0,
    { deadlineMs: LIST_DEADLINE_MS },
  );
}

/** Conditions for nodes of XEP-0045 that no module knows (§7.12, §18.1.1); others are not there (XEP-0030 §7). */
const UNKNOWN_NODES: ReadonlyMap<string, ErrorCondition> = new Map([
  ["x-roomuser-item", "feature-not-implemented"],
  // Rooms let all payloads through.
  [`${NS_MUC}#traffic`, "service-unavailable"],
]);

/** The refusal of disco#info about a node that nobody knows. */
export function checkNode({ service }: LiveRoom, stanza: Element): StanzaError | undefined {
  const node: unknown = childElements(stanza)[0]?.attrs["node"];
  if (typeof node !== "string" || node === "" || service.module.hasHandlers(`muc-disco#info/${node}`)) return undefined;
  return new StanzaError({ type: "cancel", condition: UNKNOWN_NODES.get(node) ?? "item-not-found" });
}

/** Answer to disco#info (XEP-0045 §6.4): about the room, or about what a module knows under a node. */
export function roomInfo(room: LiveRoom, stanza: Element): Element {
  const node = childElements(stanza)[0]?.attrs["node"] as string | undefined;
  const answer = reply(stanza);
  const query = xml("query", { xmlns: NS_DISCO_INFO, node });
  answer.append(query);
  const showsDetails = room.showsDetailsTo(String(stanza.attrs["from"]));
  const event = { room, stanza, reply: answer, query, showsDetails };
  const { module } = room.service;
  if (node) {
    module.fireEvent(`muc-disco#info/${node}`, event);
    return answer;
  }
  const form: Form = [{ name: "FORM_TYPE", type: "hidden", value: NS_ROOM_INFO }];
  const formdata: Record<string, FormValue> = {};
  module.fireEvent("muc-disco#info", { ...event, form, formdata });
  query.append(formElement(form, "result", formdata));
  return answer;
}

/** Answer to disco#items (XEP-0045 §6.5): nothing. Who is in a room is for those who are in it. */
export function roomItems(stanza: Element): Element {
  const answer = reply(stanza);
  answer.append(xml("query", { xmlns: NS_DISCO_ITEMS }));
  return answer;
}
