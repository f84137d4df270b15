/** What stands in the way of a stanza, whatever it asks for. */
import { type Session, type World } from "../world.js";

/** Of the service. */
export const ADMINS: readonly string[] = ["root@users.example"];
/** A nick that shows nothing, and one that is none. */
export const NICK_INVISIBLE = " ";
export const NICK_MALFORMED = "\u{1f600}";

/** `type/condition` of a refusal; `undefined`: none. */
export type Refusal = string | undefined;

export const refusePresence = (world: World, to: Session, nick: string | undefined, error: string): void => {
  world.send(to, { name: "presence", type: "error", nick, error });
};
export const refuseMessage = (world: World, to: Session, nick: string | undefined, error: string): void => {
  world.send(to, { name: "message", type: "error", nick, error });
};
/** Answers a request: with a refusal, or that it is done. */
export const answer = (world: World, to: Session, error: Refusal, nick?: string): void => {
  world.send(to, { name: "iq", type: error === undefined ? "result" : "error", nick, error });
};

/** Why a stanza gets nowhere, if it does: no room, or what is left of one. */
export function refusalWithoutRoom(world: World): Refusal {
  const { room, tombstone } = world.place;
  if (room) return undefined;
  return tombstone && !tombstone.isWeathered ? "cancel/gone" : "cancel/item-not-found";
}

/** Why a nick cannot be one. */
export function nickRefusal(nick: string): Refusal {
  if (nick === NICK_MALFORMED) return "modify/jid-malformed";
  return nick.trim() === "" ? "modify/not-allowed" : undefined;
}
