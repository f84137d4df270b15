import assert from "node:assert/strict";
import { test } from "node:test";
import { openStorage } from "../../../core/storage/open.js";
import { startService } from "../../../core/testing/service.js";
import { accepting, FakeUpstream } from "../../support/fake-upstream.js";
import { Journal } from "../../support/journal.js";

const ROOM = "r@muc.example";

function joining(name: string): string {
  return `<presence from="${name}@users.example/x" to="${ROOM}/${name}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`;
}

function saying(name: string, body: string): string {
  return `<message type="groupchat" from="${name}@users.example/x" to="${ROOM}"><body>${body}</body></message>`;
}

test("attached, a restart that nobody notices keeps the history of a temporary room, too", async () => {
  const journal = new Journal();
  const upstream = await FakeUpstream.listen(journal, accepting("secret"));
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const config = `
    Component "muc.example" "muc"
    component_upstream = "xmpp://127.0.0.1:${upstream.port}"
    component_secret = "secret"
    muc_room_locking = false
  `;
  const has = (text: string): Promise<void> => journal.until(() => upstream.peer.received.includes(text), text);
  const before = await startService({ config, storage });
  upstream.peer.send(joining("ada"));
  upstream.peer.send(saying("ada", "before the restart"));
  await has("before the restart");
  await before.stop();
  await using _ = await startService({ config, storage });
  upstream.peer.send(joining("ben"));
  await has("<subject/>");
  const [history] =
    /<message [^>]*to="ben@users.example\/x"[^>]*><body>.*?<\/message>/.exec(upstream.peer.received) ?? [];
  assert.match(String(history), /before the restart.*urn:xmpp:delay/);
  await upstream.close();
});
