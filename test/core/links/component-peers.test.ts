/** The component link against real servers: what the scripted one cannot tell. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ComponentLink } from "../../../core/links/component.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { serialise } from "../../../core/xmpp/template.js";
import { ejabberdIsMissing, startEjabberd } from "../../peers/ejabberd.js";
import { prosodyIsMissing, startProsody } from "../../peers/prosody.js";
import { Journal } from "../../support/journal.js";
import { needs } from "../../support/required.js";

const SECRET = "peers ü secret";

function openLink(port: number, { secret = SECRET, host = "conference.localhost" } = {}) {
  const journal = new Journal();
  const clock = new FakeClock();
  const link = new ComponentLink({
    host,
    upstream: { host: "127.0.0.1", port },
    secret,
    logger: journal.logger,
    clock,
    onStanza: (stanza) => {
      journal.add(`stanza ${serialise(stanza)}`);
    },
    onUp: () => {
      journal.add("up");
    },
    onDown: () => {
      journal.add("down");
    },
    send: () => undefined,
  });
  link.start().catch(() => undefined);
  return { link, journal, clock };
}

const PEERS = [
  {
    name: "Prosody",
    missing: prosodyIsMissing,
    start: startProsody,
    conflict: true,
    unknownName: /^log error .*knows no component "nobody\.localhost"/,
  },
  // ejabberd lets several connections serve one name, and shares the stanzas out among them.
  {
    name: "ejabberd",
    missing: ejabberdIsMissing,
    start: startEjabberd,
    conflict: false,
    unknownName: /^log error .*"nobody\.localhost".*check the name/,
  },
];

for (const { name, missing, start, conflict, unknownName } of PEERS) {
  describe(`a component link to ${name}`, needs(await missing()), () => {
    it("comes up, exchanges stanzas, and has its pings answered", async (t) => {
      const peer = await start({ secret: SECRET });
      t.after(() => peer.stop());
      const { link, journal, clock } = openLink(peer.componentPort);
      t.after(() => link.stop());
      await journal.seen(/^up$/);
      link.outlet?.write(
        "<iq type='get' id='d1' from='conference.localhost' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      );
      await journal.seen(/^stanza <iq .*disco#info/);
      clock.advance(60_000);
      link.outlet?.write(
        "<iq type='get' id='d2' from='conference.localhost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>",
      );
      await journal.seen(/^stanza <iq .*d2/);
      clock.advance(30_000);
      assert.equal(journal.count(/^down$/), 0);
      assert.equal(journal.count(/ping-/), 0);
    });

    it("says what is wrong with the secret, the name, the port", async (t) => {
      const peer = await start({ secret: SECRET });
      t.after(() => peer.stop());
      const secret = openLink(peer.componentPort, { secret: "wr0ng" });
      t.after(() => secret.link.stop());
      await secret.journal.seen(/^log error .*refuses the secret of "conference\.localhost".*component_secret/);
      const host = openLink(peer.componentPort, { host: "nobody.localhost" });
      t.after(() => host.link.stop());
      await host.journal.seen(unknownName);
      const port = openLink(peer.clientPort);
      t.after(() => port.link.stop());
      await port.journal.seen(/^log error .*(is a port for clients or servers).*component_upstream/);
    });

    it(
      "keeps away from a name that another instance has",
      { skip: conflict ? false : "several may have it there" },
      async (t) => {
        const peer = await start({ secret: SECRET });
        t.after(() => peer.stop());
        const first = openLink(peer.componentPort);
        t.after(() => first.link.stop());
        await first.journal.seen(/^up$/);
        const second = openLink(peer.componentPort);
        t.after(() => second.link.stop());
        await second.journal.seen(/^log error .*another connection serves "conference\.localhost"/);
        assert.equal(first.link.isUp, true);
      },
    );
  });
}
