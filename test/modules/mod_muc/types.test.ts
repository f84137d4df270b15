/** What module authors may write about rooms and what does not compile; checked by the compiler, not at run time. */
import { test } from "node:test";
import { StanzaError, type ModuleApi } from "chorus-muc";
import type { Muc, Room } from "chorus-muc/muc";

export function compiles(module: ModuleApi, room: Room): void {
  module.hook("muc-occupant-pre-join", ({ occupant }) => {
    occupant.nick = `${room.jid}/x` as typeof occupant.nick;
    return new StanzaError({ type: "cancel", condition: "conflict" });
  });
  module.hook("muc-occupant-pre-join", () => Promise.resolve(undefined));
  module.hook("muc-config-submitted/any", ({ value, statusCodes }) => {
    if (value === true) statusCodes.add("104");
    return undefined;
  });
  // @ts-expect-error -- no such event
  module.hook("muc-occupant-pre-joyn", () => undefined);
  // @ts-expect-error -- has happened, and cannot be refused
  module.hook("muc-occupant-joined", () => new StanzaError({ type: "cancel", condition: "conflict" }));
  // @ts-expect-error -- is not awaited
  module.hook("muc-get-default-role", () => Promise.resolve("visitor" as const));
  module.hook("muc-occupant-joined", ({ occupant }) => {
    // @ts-expect-error -- only the room changes a live occupant
    occupant.role = "moderator";
  });
  const cap = module.roomState<number>("cap", { persist: true, default: 3 });
  cap.get(room).toFixed();
  const motto = module.roomState<string>("motto");
  // @ts-expect-error -- nothing may be set
  motto.get(room).trim();
  // @ts-expect-error -- nobody declared that method
  module.roomMethods({ getNonsense: () => 1 });
  module.addItem("muc-join-condition", ({ bareJid }) => {
    return bareJid === room.jid ? new StanzaError({ type: "auth", condition: "forbidden" }) : undefined;
  });
  // @ts-expect-error -- a condition is a function
  module.addItem("muc-join-condition", "never");
  module.handleItems(
    "muc-lasting-affiliation-data",
    (key) => key.trim(),
    (key) => key.trim(),
  );
  module.addItem("of-nobody-else", { any: "thing" });
  // @ts-expect-error -- no such affiliation
  room.setAffiliation(true, "ada@users.example", "king");
}

export function templateNames(module: ModuleApi): void {
  const field: string = "muc#roomconfig_motto";
  module.hook(`muc-config-submitted/${field}`, ({ value, fields }) => {
    if (typeof value !== "string" || fields[field] !== value) {
      return new StanzaError({ type: "modify", condition: "not-acceptable" });
    }
    return undefined;
  });
  // @ts-expect-error -- a refusal, or nothing
  module.hook(`muc-config-submitted/${field}`, () => false);
  // @ts-expect-error -- is not awaited
  module.hook(`muc-config-submitted/${field}`, () => Promise.resolve(undefined));
  module.hook("muc-set-affiliation-data/reserved_nickname", ({ jid, value, oldValue }) => {
    module.log("debug", "%s: %s, was %s", jid, value, oldValue);
    // @ts-expect-error -- unknown until it is looked at
    value.trim();
  });
  // @ts-expect-error -- has happened
  module.hook("muc-set-affiliation-data/reserved_nickname", () => true);
  module.hook("muc-disco#info/urn:example:motto", ({ query, showsDetails }) => void [query.name, showsDetails]);
  module.hook("muc-form-submitted/urn:example:motto", () => Promise.resolve(true as const));
  // @ts-expect-error -- no such family
  module.hook("muc-config-submit/muc#roomconfig_motto", () => undefined);
  module.hook("item-added/muc-join-condition", ({ source, item }) => void [source.length, item]);
}

export function results(module: ModuleApi): void {
  const refusal = new StanzaError({ type: "cancel", condition: "not-allowed" });
  module.hook("muc-room-pre-create", async () => Promise.resolve(refusal));
  module.hook("muc-private-message", () => false);
  module.hook("muc-pre-set-affiliation", (event) => {
    event.allowed = false;
    event.error = refusal;
  });
  // @ts-expect-error -- an error refuses, false does not
  module.hook("muc-pre-set-affiliation", () => false);
  // @ts-expect-error -- the field says by whom it is asked for
  module.hook("muc-pre-set-affiliation", (event) => void (event.actor = undefined));
  module.hook("muc-get-default-role", ({ affiliation }) => (affiliation === "member" ? "participant" : false));
  // @ts-expect-error -- no such role
  module.hook("muc-get-default-role", () => "king");
  module.hook("muc-add-history", () => true);
  // @ts-expect-error -- kept, or nothing said
  module.hook("muc-add-history", () => false);
  for (const event of ["muc-room-created", "muc-occupant-left", "muc-config-form", "muc-disco#info"] as const) {
    module.hook(event, () => undefined);
    // @ts-expect-error -- only tells
    module.hook(event, () => false);
    // @ts-expect-error -- is not awaited
    module.hook(event, () => Promise.resolve(undefined));
  }
  // @ts-expect-error -- a push returns a number, which would stop the chain
  module.hook("muc-config-form", ({ form }) => form.push({ type: "fixed" }));
  // @ts-expect-error -- the payload lacks the room
  module.fireEvent("muc-room-unlocked", {});
}

export function occupantsAndDrafts(module: ModuleApi, room: Room, muc: Muc): void {
  module.hook("muc-occupant-pre-join", ({ occupant, isNewRoom }) => {
    occupant.role = isNewRoom ? "moderator" : "visitor";
    // @ts-expect-error -- whose it is, is what it is
    occupant.bareJid = occupant.bareJid;
  });
  const rooms: Muc = module.depends("muc");
  // @ts-expect-error -- is a promise
  void rooms.getRoomFromJid("a@b").jid;
  void muc.getLiveRoomFromJid("a@b")?.jid;
  const [ok, type, condition] = room.setRole(true, "a@b/c", "none");
  if (ok === undefined) void new StanzaError({ type, condition });
  const from: string = room.getSubject()[0];
  // @ts-expect-error -- a role that there is not
  room.setRole(true, "a@b/c", "king");
  void from;
}

test("the types of rooms say what they should (compiled)", () => undefined);
