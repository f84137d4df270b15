/** What a message costs in system calls, over real connections; and what is left when everybody has gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeCounter } from "../../../core/links/socket-outlet.js";
import { connectClient, type Client } from "../../../core/testing/client.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService } from "../../../core/testing/service.js";
import {
  administering,
  create,
  hook,
  joining,
  liveRoomOf,
  mucOf,
  person,
  saying,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

const CONFIG = `
modules_enabled = { "saslauth", "roster" }
VirtualHost "users.example"
Component "${SERVICE}" "muc"
`;

test("over 100 connections, a message takes 100 writes, and so do ten messages of one turn", async () => {
  await using service = await startService({ config: CONFIG });
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const clients: Client[] = [];
  for (let i = 0; i < 100; i++) {
    const client = await connectClient({
      host: "127.0.0.1",
      port: service.clientPort,
      jid: `p${i}@users.example/tcp`,
      password: "secret",
    });
    client.send(joining("r", `P${i}`));
    clients.push(client);
  }
  const everybodyHas = (body: string): Promise<unknown> =>
    Promise.all(clients.map((client) => client.see(`<message type="groupchat"><body>${body}</body></message>`)));
  ada.send(saying("r", "everybody is in"));
  await everybodyHas("everybody is in");

  const before = writeCounter.writes;
  ada.send(saying("r", "one"));
  await everybodyHas("one");
  assert.equal(writeCounter.writes - before, 100);

  for (let n = 0; n < 10; n++) ada.send(saying("r", `burst ${n}`));
  await everybodyHas("burst 9");
  assert.equal(writeCounter.writes - before, 200);
  await Promise.all(clients.map((client) => client.disconnect()));
});

test("rooms that came and went leave no room, request, relay or timer behind", async () => {
  const clock = new FakeClock();
  await using service = await startRooms({ clock });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "always", "Ada");
  const { relay } = liveRoomOf(service, "always").service;
  const { timers } = service.service;
  const timersBefore = timers.size;
  hook(service, "muc-pre-set-affiliation", () => Promise.resolve(undefined));
  hook(service, "muc-occupant-pre-join", ({ bareJid }) =>
    bareJid.startsWith("cy@") ? new Promise<undefined>(() => undefined) : undefined,
  );
  const cy = person(service, "cy");
  for (let n = 0; n < 200; n++) {
    create(ada, `r${n}`, "Ada", { publicroom: "1" });
    ben.send(joining(`r${n}`, "Ben"));
    cy.send(joining(`r${n}`, "Cy"));
    cy.send(saying(`r${n}`, "never"));
    // Asked, and never answered: Ben leaves.
    ada.send(`<iq type="get" id="v${n}" to="r${n}@${SERVICE}/Ben"><query xmlns="jabber:iq:version"/></iq>`);
    ada.send(administering(`r${n}`, `<item affiliation="member" jid="ben@users.example"/>`));
    ben.send(`<presence type="unavailable" to="r${n}@${SERVICE}/Ben"/>`);
    if (n % 2 === 0) ada.send(`<presence type="unavailable" to="r${n}@${SERVICE}/Ada"/>`);
    else {
      ada.send(
        `<iq type="set" id="d${n}" to="r${n}@${SERVICE}"><query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query></iq>`,
      );
    }
  }
  await settled(service);
  clock.advanceSeconds(6); // what Cy waits for is given up
  await settled(service);
  for (let n = 0; n < 200; n++) ada.send(`<presence type="unavailable" to="r${n}@${SERVICE}/Ada"/>`);
  await settled(service);
  assert.deepEqual(
    mucOf(service)
      .liveRooms()
      .map(({ jid }) => jid),
    [`always@${SERVICE}`],
  );
  assert.equal(await mucOf(service).countPublicRooms(), 0);
  clock.advanceSeconds(120); // what Ben's clients were asked is given up
  await settled(service);
  assert.equal(relay.size, 0);
  assert.equal(timers.size, timersBefore);
});
