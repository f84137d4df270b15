import type { Element, Suspendable } from "chorus-muc";
import type { BroadcastMessageEvent, Room } from "chorus-muc/muc";

/** Which messages of a room are meant: one, by the room's id of it, or those of an occupant since a time. */
export type MessageQuery =
  | { readonly id: string }
  | {
      readonly occupantId: string;
      /** Unix seconds. */
      readonly since: number;
    };

/** A message that a room has sent and still has. */
export interface KeptMessage {
  /** The room's id of it (XEP-0359). */
  readonly id: string;
  readonly stanza: Element;
  /** When it was sent, in unix seconds. */
  readonly timestamp: number;
  /** What its sender has put in its place since (XEP-0308), where that was asked for: it goes with the message. */
  readonly corrections?: readonly KeptMessage[];
}

/** Messages are looked for wherever a room keeps them. */
export interface FindMessagesEvent {
  readonly room: Room;
  readonly query: MessageQuery;
  /** By id; handlers add what they have. A message that is kept in several places is one. */
  readonly found: Map<string, KeptMessage>;
}

/** A message is replaced by what is left of it, wherever a room keeps it. Within a step of the room. */
export interface ReplaceMessageEvent extends Pick<BroadcastMessageEvent, "holdUntil" | "onFailure"> {
  readonly room: Room;
  /** The message as it was found. */
  readonly message: KeptMessage;
  /** What takes its place: a copy may be kept. */
  readonly replacement: Element;
}

/** The events of retraction. Who keeps messages of rooms answers both. */
export interface RetractionEvents {
  /** An error, or a promise that rejects: it cannot be told. Archive 0, history -1. */
  "muc-find-messages": Suspendable<FindMessagesEvent>;
  /**
   * The replacement must be on disk before anybody is told that the message is gone: `holdUntil` keeps that back. What
   * could not be replaced is put back by `onFailure`, and if the step fails, too.
   */
  "muc-replace-message": ReplaceMessageEvent;
}
