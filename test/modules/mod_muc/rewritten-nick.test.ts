import assert from "node:assert/strict";
import { test } from "node:test";
import { resourceOf, type OccupantJid } from "../../../core/index.js";
import { briefly, create, hook, join, joining, person, SERVICE, startRooms } from "../../support/room-engine.js";

test("XEP-0045 §7.2.2, §7.6: whoever gets another nick than they asked for is told so with status 210", async () => {
  await using service = await startRooms();
  const lower = (jid: string): OccupantJid => `r@${SERVICE}/${resourceOf(jid)?.toLowerCase() ?? ""}` as OccupantJid;
  hook(service, "muc-occupant-pre-join", ({ occupant }) => {
    occupant.nick = lower(occupant.nick);
    return undefined;
  });
  hook(service, "muc-occupant-pre-change", ({ destOccupant }) => {
    destOccupant.nick = lower(destOccupant.nick);
    return undefined;
  });
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "ada");
  ben.send(joining("r", "Ben"));
  assert.deepEqual(briefly(ben), ["presence ada", "presence ben 210 110", "message groupchat"]);
  assert.deepEqual(briefly(ada), ["presence ben"]);
  ben.send(`<presence to="r@${SERVICE}/Benny"/>`);
  assert.deepEqual(briefly(ben), ["presence unavailable ben 303 110", "presence benny 210 110"]);
  assert.deepEqual(briefly(ada), ["presence unavailable ben 303", "presence benny"]);
  ben.send(`<presence to="r@${SERVICE}/BENNY"/>`);
  assert.deepEqual(briefly(ben), ["presence benny 210 110"]);
  ben.send(`<presence to="r@${SERVICE}/benny"/>`);
  assert.deepEqual(briefly(ben), ["presence benny 110"]);
  join(person(service, "ben", "other"), "r", "Bob");
  ben.inbox.takeAll();
  ben.send(`<presence to="r@${SERVICE}/BOB"/>`);
  assert.equal(briefly(ben).at(-1), "presence bob 210 110");
});
