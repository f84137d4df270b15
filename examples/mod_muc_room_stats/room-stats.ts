import { createToken } from "chorus-muc";
import type { Room } from "chorus-muc/muc";

/** What went on in a room since its figures were begun anew. */
export interface RoomFigures {
  /** Unix seconds. */
  readonly since: number;
  /** With a body, of occupants. */
  readonly messages: number;
  /** Nicks that came. */
  readonly joins: number;
  /** The most nicks that were there at once. */
  readonly peak: number;
  /** Who said most comes first, under the nick they used last. Real JIDs are nobody's business. */
  readonly talkers: readonly { readonly nick: string; readonly messages: number }[];
}

/** What `mod_muc_room_stats` offers to other modules. */
export interface RoomStats {
  figures(room: Room): RoomFigures;
  /** Begins the figures anew. @returns those up to now */
  startAnew(room: Room): RoomFigures;
}

/**
 * The token under which it is found. A module in another package writes the same line, and imports the type only: equal
 * descriptions are the same token. Whoever asks for it has the provider loaded first.
 */
export const RoomStatsToken = createToken<RoomStats>("muc_room_stats/RoomStats", "muc_room_stats");
