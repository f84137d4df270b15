import assert from "node:assert/strict";
import { test } from "node:test";
import {
  administrate,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  startRooms,
} from "../support/rooms.js";

const FIELD = "muc#roomconfig_maxusers";
const FULL = "wait/service-unavailable";

/** What the last stanza of entering is: an error, or `undefined`. */
async function refusal(...args: Parameters<typeof enter>): Promise<string | undefined> {
  return errorOf((await enter(...args)).at(-1));
}

test("XEP-0045 §7.2.9: a full room lets in owners and admins, some of them, and more sessions of who is there", async () => {
  await using service = await startRooms(
    'modules_enabled = { "muc_max_occupants" }; muc_max_occupants = 2; muc_max_occupants_reserve = 1',
  );
  const client = (name: string): ReturnType<typeof service.client> => service.client(`${name}@example/x`);
  const ada = client("ada");
  await createRoom(ada, "Ada");
  for (const name of ["dora", "eve"]) await administrate(ada, { jid: `${name}@example`, affiliation: "admin" });
  assert.equal(await refusal(client("ben"), "Ben"), undefined);
  assert.equal(await refusal(client("cleo"), "Cleo"), FULL);
  assert.equal(await refusal(service.client("ben@example/second"), "Ben"), undefined);
  assert.equal(await refusal(client("dora"), "Dora"), undefined);
  assert.equal(await refusal(client("eve"), "Eve"), FULL);
  assert.equal((await discover(ada)).form.get(FIELD), "2");
});

test("owners set the limit of their room, and take it away", async () => {
  await using service = await startRooms('modules_enabled = { "muc_max_occupants" }');
  const [ada, ben] = [service.client("ada@example/x"), service.client("ben@example/x")];
  await createRoom(ada, "Ada", { [FIELD]: "1" });
  assert.equal(await refusal(ben, "Ben"), FULL);
  for (const bad of ["many", "0", "-1"]) {
    const [answer] = await configure(ada, { [FIELD]: bad });
    assert.equal(errorOf(answer), "modify/not-acceptable", bad);
    assert.match(errorText(answer) ?? "", /maxusers/);
  }
  await configure(ada, { [FIELD]: "none" });
  assert.equal(await refusal(ben, "Ben"), undefined);
  assert.equal((await discover(ada)).form.get(FIELD), undefined);
});
