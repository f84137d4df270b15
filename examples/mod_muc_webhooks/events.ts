import { randomUUID } from "node:crypto";
import { resourceOf, type BareJid } from "chorus-muc";
import type { Affiliation, Role, Room } from "chorus-muc/muc";

// What mod_muc_occupant_id gives to rooms.
declare module "chorus-muc/muc" {
  interface Room {
    getOccupantId(of: string): string;
  }
}

/** What a receiver is told of somebody; the real JID only where the operator says so. */
export interface Who {
  readonly occupantId?: string;
  readonly jid?: string;
  readonly nick?: string;
}

/** What has happened, by `type`. */
export type Happening =
  | { readonly type: "room.created" }
  | { readonly type: "room.destroyed"; readonly reason?: string; readonly newRoom?: string }
  | {
      readonly type: "occupant.joined" | "occupant.left";
      readonly who: Who;
      readonly affiliation: Affiliation;
      readonly role: Role;
    }
  | {
      readonly type: "role.changed";
      readonly who: Who;
      readonly role: Role;
      readonly previousRole: Role;
      readonly reason?: string;
    }
  | {
      readonly type: "affiliation.changed";
      readonly who: Who;
      readonly affiliation: Affiliation;
      readonly previousAffiliation: Affiliation;
      readonly reason?: string;
    }
  | { readonly type: "message"; readonly who: Who; readonly messageId?: string; readonly body: string };

/** The body of a webhook, as JSON. */
export type WebhookEvent = Happening & {
  /** The same every time that the event is sent: a receiver that has seen it forgets it. */
  readonly id: string;
  /** When it happened, ISO 8601. */
  readonly time: string;
  readonly room: BareJid;
};

/** Makes an event of what has happened. */
export function eventOf(room: Room, happening: Happening, nowMs: number): WebhookEvent {
  return { id: randomUUID(), time: new Date(nowMs).toISOString(), room: room.jid, ...happening };
}

/** What may be told of people. */
export interface Privacy {
  readonly realJids: boolean;
  readonly occupantIds: boolean;
}

/** What a receiver is told of somebody. @param occupantJid if they are, or were, in the room */
export function whoIs(room: Room, bareJid: BareJid, occupantJid: string | undefined, privacy: Privacy): Who {
  const nick = occupantJid === undefined ? undefined : resourceOf(occupantJid);
  return {
    ...(privacy.occupantIds && { occupantId: room.getOccupantId(bareJid) }),
    ...(privacy.realJids && { jid: bareJid }),
    ...(nick !== undefined && { nick }),
  };
}
