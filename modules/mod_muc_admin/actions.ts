import type { Muc, RoomAction } from "chorus-muc/muc";
import { configAction } from "./config.js";
import { createAction } from "./create.js";
import { affiliationsAction, infoAction, listAction, occupantsAction } from "./look.js";
import { destroyAction, kickAction, setAffiliationAction, setRoleAction } from "./change.js";

/** What comes with Chorus, in the order of a room's life. */
export function standardActions(muc: Muc, host: string): readonly RoomAction[] {
  return [
    listAction(muc, host),
    infoAction,
    createAction(muc),
    configAction,
    occupantsAction,
    affiliationsAction,
    setAffiliationAction,
    setRoleAction,
    kickAction,
    destroyAction,
  ];
}
