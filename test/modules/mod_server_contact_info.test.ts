import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, NS_DATA_FORM, xml } from "../../core/index.js";
import { startService } from "../../core/testing/service.js";
import { request } from "../support/rooms.js";

const NS_DISCO = "http://jabber.org/protocol/disco#info";

/** The contact addresses of a host with such a configuration, and what the log complains of. */
async function contacts(
  lines: string,
  host = "example",
): Promise<{ found: Record<string, string[]>; complaints: string[] }> {
  const log: string[] = [];
  const config = `
    admins = { "Ada@example" }
    modules_enabled = { "disco", "server_contact_info" }
    ${lines}
    VirtualHost "example"
    Component "rooms.example" "muc"
      admins = { "ben@example" }
  `;
  await using service = await startService({ config, listen: false, log: (line) => log.push(line) });
  const [answer] = await request(service.client("cleo@example"), "get", xml("query", NS_DISCO), host);
  const query = getChild(answer, "query", NS_DISCO);
  const form = query && getChild(query, "x", NS_DATA_FORM);
  const fields = form ? childElements(form).map((field) => [String(field.attrs["var"]), valuesOf(field)] as const) : [];
  return {
    found: Object.fromEntries(fields),
    complaints: log.filter((line) => line.startsWith(`${host}:server_contact_info`)),
  };
}

function valuesOf(field: Parameters<typeof childElements>[0]): string[] {
  return childElements(field).map((value) => value.text());
}

const FORM = { FORM_TYPE: ["http://jabber.org/network/serverinfo"] };

test("without the option, the admins of the host", async () => {
  assert.deepEqual((await contacts("")).found, { ...FORM, "admin-addresses": ["xmpp:ada@example"] });
});

test("a component takes the module over, and has admins of its own, too", async () => {
  const { found } = await contacts("", "rooms.example");
  assert.deepEqual(found["admin-addresses"]?.sort(), ["xmpp:ada@example", "xmpp:ben@example"]);
});

for (const [option, found, complaints] of [
  [
    `{ support = { "xmpp:help@example" }, abuse = "mailto:abuse@example" }`,
    { ...FORM, "abuse-addresses": ["mailto:abuse@example"], "support-addresses": ["xmpp:help@example"] },
    0,
  ],
  [`{ admin = {} }`, {}, 0],
  [`{ abuse = { "abuse@example" }, boss = { "xmpp:boss@example" }, sales = { 5 } }`, {}, 3],
  [`"xmpp:ada@example"`, {}, 1],
] as const) {
  test(`contact_info = ${option}`, async () => {
    const result = await contacts(`contact_info = ${option}`);
    assert.deepEqual(result.found, found);
    assert.equal(result.complaints.length, complaints, result.complaints.join("\n"));
  });
}
