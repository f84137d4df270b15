import type { ActionRequest, CreateRoomError, Muc, Room, RoomAction } from "chorus-muc/muc";
import { refusal } from "./bound-action.js";
import { fieldsOf, submissionOf } from "./settings.js";

const PERSISTENT = "muc#roomconfig_persistentroom";

const WHY: Readonly<Record<CreateRoomError, readonly [Parameters<typeof refusal>[0], string]>> = {
  "invalid-jid": ["not-acceptable", "cannot be the address of a room"],
  "room-exists": ["conflict", "exists already"],
  "resource-constraint": ["resource-constraint", "would be one room too many"],
};

/** Makes a room; with settings that are refused there is none. */
export function createAction(muc: Muc): RoomAction {
  return {
    name: "create",
    title: "Create a room",
    summary: "make a room, with an owner and a configuration",
    target: "address",
    isChange: true,
    arguments: [
      { name: "owner", kind: "jid", label: "Owner", isOption: true },
      { name: "persistent", kind: "flag", label: "Persistent: it stays when nobody is in it" },
      { name: "fields", kind: "settings", label: "Fields of the room's form, as FIELD=VALUE" },
    ],
    run: async ({ jid, actor, texts: { owner }, flags, settings, online }) => {
      const wanted: Map<string, readonly string[] | undefined> = new Map(settings);
      if (flags.has("persistent")) wanted.set(PERSISTENT, ["1"]);
      const prepare = (made: Room): void => {
        const [isOwned] = owner === undefined ? [true] : made.setAffiliation(true, owner, "owner");
        if (!isOwned) throw refusal("not-allowed", `${String(owner)} cannot be made the owner`);
        configure(made, actor, wanted);
        if (!online && !made.getPersistent()) {
          throw refusal("not-acceptable", "without a running server only a room that is persistent can be made");
        }
      };
      // Who asks for the room by name wants it, whatever became of the last one.
      const [room, error] = await muc.createRoom(jid, undefined, { prepare, replacesTombstone: true });
      if (!room) return refusal(WHY[error][0], `${jid} ${WHY[error][1]}`);
      return {
        kind: "done",
        text: `${room.jid} is created`,
        data: { room: room.jid, owner: owner ?? null, persistent: room.getPersistent() },
      };
    },
  };
}

function configure(room: Room, actor: string, settings: ActionRequest["settings"]): void {
  if (settings.size === 0) return;
  void room.configure(actor, submissionOf(fieldsOf(room, actor), settings)); // part of the step that creates the room
}
