/** What module authors may write about rooms and what does not compile; checked by the compiler, not at run time. */
import { test } from "node:test";
import { StanzaError, type ModuleApi } from "chorus-muc";
import type { Room } from "chorus-muc/muc";

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

test("the types of rooms say what they should (compiled)", () => undefined);
