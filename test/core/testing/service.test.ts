/** The test kit's service and clients, with a host that has accounts and no rooms. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { guest } from "chorus-muc/muc";
import { Accounts } from "../../../core/hosts/accounts.js";
import { connectClient } from "../../../core/testing/client.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService } from "../../../core/testing/service.js";

const ONE_HOST = 'modules_enabled = { "roster", "saslauth", "disco", "ping" }; VirtualHost "localhost"';

test("fake clients: what one sends, the other receives", async () => {
  await using service = await startService({ config: ONE_HOST, listen: false });
  const ada = service.client("ada@localhost/desk");
  const ben = service.client("ben@localhost");
  assert.equal(ben.jid, "ben@localhost/test");
  ada.send(`<message to="${ben.jid}"><body>Hello &amp; welcome</body></message>`);
  await ben.expect('<message from="ada@localhost/desk"><body>Hello &amp; welcome</body></message>');
  await ben.expectNothing();
  ben.send(`<message to="${ada.jid}"><body>one</body></message>`);
  ben.send(`<message to="${ada.jid}"><body>two</body></message>`);
  await assert.rejects(ada.expectNothing(), /ada@localhost\/desk should have received nothing, but got\n<message/);
  ben.send(`<message to="${ada.jid}"><body>three</body></message>`);
  await assert.rejects(ada.expect("<message><body>four</body></message>"), /expected text "four", got "three"/);
});

test("a fake client that is gone is gone for the service, too", async () => {
  await using service = await startService({ config: ONE_HOST, listen: false });
  const ada = service.client("ada@localhost");
  const ben = service.client("ben@localhost");
  await ben.disconnect();
  assert.equal(service.host("localhost").sessions.size, 1);
  ada.send(`<iq type="get" id="1" to="${ben.jid}"><ping xmlns="urn:xmpp:ping"/></iq>`);
  await ada.expect(
    '<iq type="error" id="1"><error><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>',
  );
  await assert.rejects(ben.receive(), /ben@localhost\/test: disconnected/);
});

test("a service with problems does not start, and says which", async () => {
  await assert.rejects(
    startService({
      config: 'modules_enabled = { "ping" }\nVirtualHost "localhost"\nComponent "rooms.localhost" "no_such_module"',
    }),
    /prosody\.cfg\.lua:3: .*no_such_module/,
  );
});

test("a service that cannot start leaves no listener behind", async () => {
  await using service = await startService({ config: ONE_HOST });
  const listeners = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
  const before = listeners();
  await assert.rejects(
    startService({ config: `c2s_ports = { 0, ${service.clientPort} }; ${ONE_HOST}` }),
    /could not start/,
  );
  assert.equal(listeners(), before);
});

test("time stands still for a service with a fake clock", async () => {
  const clock = new FakeClock();
  await using service = await startService({ config: ONE_HOST, listen: false, clock });
  let fired = 0;
  service.service.timers.add(60, () => {
    fired++;
    return undefined;
  });
  clock.advanceSeconds(59);
  assert.equal(fired, 0);
  clock.advanceSeconds(1);
  assert.equal(fired, 1);
});

test("a raw client logs in by each mechanism, in clear and under TLS", async () => {
  await using service = await startService({
    config: `authentication = "internal_hashed"; modules_enabled = { "saslauth", "tls", "ping" }; VirtualHost "localhost"`,
  });
  await new Accounts(service.service.hosts).create("ada", "localhost", "s,e=cret ü");
  const port = service.clientPort;
  for (const tls of ["required", "always"] as const) {
    for (const mechanism of ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"]) {
      const login = { jid: "ada@localhost/desk", password: "s,e=cret ü", port, mechanism, tls };
      const ada = await connectClient(login);
      assert.equal(ada.jid, "ada@localhost/desk");
      assert.equal(ada.isEncrypted, tls === "always");
      assert.ok(await ada.ping("localhost", 5000));
      await ada.disconnect();
      await assert.rejects(
        connectClient({ ...login, password: "wrong" }),
        /log in as ada@localhost\/desk: .*not-authorized/,
      );
    }
  }
});

test("guests come, talk and go; modules are loaded again under them", async () => {
  await using service = await startService({
    config: `VirtualHost "localhost"
      Component "rooms.localhost" "muc"
        muc_room_locking = false`,
    listen: false,
  });
  const room = "garden@rooms.localhost";
  const ada = guest(service.client("ada@localhost"));
  const own = await ada.join(room, "Ada");
  assert.equal(own.attrs["from"], `${room}/Ada`);
  await ada.expectNothing();
  await service.reload("muc_subject");
  const id = ada.say(room, "Here");
  await ada.expect(`<message id="${id}" from="${room}/Ada" type="groupchat"><body>Here</body></message>`);
  assert.equal((await ada.leave(room)).attrs["from"], `${room}/Ada`);
  await assert.rejects(service.reload("muc_nosuch"), /MODULE_NOT_LOADED/);
  await assert.rejects(service.reload("muc_subject", "localhost"), /MODULE_NOT_LOADED/);
  await assert.rejects(service.reload("muc"), /MODULE_NO_RELOAD/);
});
