import type { AdhocRequest, AdhocResult, StanzaError } from "chorus-muc";
import type { Room } from "./room-api.js";

/**
 * A command that every room has (XEP-0050, at the room's bare JID). A module adds it by
 * `module.provides("room-adhoc", command)`, and says `static requires = ["muc", "muc_commands"]`.
 *
 * For humans its `name`; `node` and the stages are as in `AdhocCommand`.
 */
export interface RoomCommand {
  readonly name: string;
  readonly node: string;
  /** Whether somebody is offered it, and may use it. @param from full real JID, in the room or not */
  isFor(room: Room, from: string): boolean;
  /**
   * Runs within a step of the room, up to the first promise: what it changed is on disk before the answer leaves.
   * @param request `to` is the room's JID
   * @param state what the stage before left; `undefined` at the first
   */
  handler(
    room: Room,
    request: AdhocRequest,
    state: unknown,
  ): AdhocResult | StanzaError | Promise<AdhocResult | StanzaError>;
}
