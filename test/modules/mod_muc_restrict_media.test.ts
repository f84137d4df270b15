import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { serialise } from "../../core/xmpp/template.js";
import {
  administrate,
  codesOf,
  configurationForm,
  configure,
  createRoom,
  discover,
  enter,
  received,
  ROOM,
  startRooms,
} from "../support/rooms.js";

const FIELD = "{xmpp:prosody.im}muc#roomconfig_unaffiliated_media";
const OPTIONS = 'modules_enabled = { "muc_restrict_media" }';
const OOB = '<x xmlns="jabber:x:oob"><url>https://example/cat.png</url></x>';

/** What others get of a message's content. */
async function heard(
  sender: FakeClient,
  reader: FakeClient,
  content: string,
  to = ROOM,
  type = "groupchat",
): Promise<string> {
  await received(reader);
  sender.send(`<message type="${type}" to="${to}" id="m">${content}</message>`);
  await received(sender);
  const message = (await received(reader)).find(({ name }) => name === "message");
  return (message ? childElements(message) : [])
    .filter(({ attrs }) => !/occupant-id|muc#user|sid:0/.test(String(attrs["xmlns"])))
    .map(serialise)
    .join("");
}

async function people(
  options = OPTIONS,
): Promise<{ service: Awaited<ReturnType<typeof startRooms>>; ada: FakeClient; ben: FakeClient }> {
  const service = await startRooms(options);
  const [ada, ben] = [service.client("ada@example/x"), service.client("ben@example/x")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  return { service, ada, ben };
}

const BODY = "<body>https://example/cat.png</body>";
const XHTML = (inner: string): string =>
  `<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">${inner}</body></html>`;
const CASES: readonly (readonly [what: string, content: string, left: string])[] = [
  ["XEP-0066, data out of band", BODY + OOB, BODY],
  [
    "XEP-0385, media in a reference",
    `${BODY}<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1"/></reference>`,
    BODY,
  ],
  [
    "XEP-0372, a reference to somebody stays",
    `${BODY}<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:ada@example"/>`,
    `${BODY}<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:ada@example"/>`,
  ],
  [
    "XEP-0447, a file, and what would hide its link (XEP-0428)",
    `${BODY}<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline"/><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:sfs:0"><body/></fallback>`,
    BODY,
  ],
  [
    "XEP-0428 of something else stays",
    `${BODY}<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body/></fallback>`,
    `${BODY}<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body/></fallback>`,
  ],
  ["XEP-0449, stickers", `${BODY}<sticker xmlns="urn:xmpp:stickers:0" pack="p"/>`, BODY],
  ["XEP-0231, bits of binary", `${BODY}<data xmlns="urn:xmpp:bob" cid="c" type="image/png">AA==</data>`, BODY],
  [
    "XEP-0511, previews",
    `${BODY}<Description xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#" about="https://example/"/>`,
    BODY,
  ],
  [
    "XEP-0071, pictures become words",
    XHTML('<p>A <img src="data:image/png;base64,AA==" alt="cat"/> and <em><img src="x"/></em></p>'),
    XHTML("<p>A cat and <em>[media]</em></p>"),
  ],
  [
    "XEP-0071, whatever else is loaded",
    XHTML(
      '<p style="background: URL (x)">1</p><object data="x">2</object><a href=" data:image/png,x">3</a><a href="https://example/">4</a><p style="color: red">5</p><svg xmlns="http://www.w3.org/2000/svg"/>',
    ),
    XHTML('<p>1</p>[media]<a>3</a><a href="https://example/">4</a><p style="color: red">5</p>[media]'),
  ],
];
for (const [what, content, left] of CASES) {
  test(`${what}: of who has no affiliation`, async () => {
    const { service, ada, ben } = await people();
    await using _ = service;
    assert.equal(await heard(ben, ada, content), left);
    assert.equal(await heard(ben, ada, content, `${ROOM}/Ada`, "chat"), left, "private");
    assert.equal(await heard(ada, ben, content), content, "an owner may");
  });
}

test("members may; banned or not, it is the affiliation at the time that counts", async () => {
  const { service, ada, ben } = await people();
  await using _ = service;
  await administrate(ada, { jid: "ben@example", affiliation: "member" });
  assert.equal(await heard(ben, ada, BODY + OOB), BODY + OOB);
  await administrate(ada, { jid: "ben@example", affiliation: "none" });
  assert.equal(await heard(ben, ada, BODY + OOB), BODY);
});

test("owners allow it for their room, or forbid it, whatever the default", async () => {
  for (const [options, initially] of [
    ["", "0"],
    ["muc_room_default_restrict_media = false", "1"],
  ] as const) {
    const { service, ada, ben } = await people(`${OPTIONS}; ${options}`);
    await using _ = service;
    assert.equal((await discover(ben)).form.get(FIELD), initially);
    await received(ada);
    const other = initially === "0" ? "1" : "0";
    const [, notice] = await configure(ada, { [FIELD]: other });
    assert.deepEqual(codesOf(notice), ["104"]);
    assert.match(String((await configurationForm(ada)).get(FIELD)), new RegExp(`<value>${other}</value>`));
    assert.equal(await heard(ben, ada, BODY + OOB), other === "1" ? BODY + OOB : BODY);
    const [, ...repeated] = await configure(ada, { [FIELD]: other });
    assert.deepEqual(repeated.map(String), []);
  }
});
