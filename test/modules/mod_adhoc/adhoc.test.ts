import assert from "node:assert/strict";
import { test } from "node:test";
import {
  childElements,
  getChild,
  StanzaError,
  xml,
  type AdhocCommand,
  type AdhocRequest,
  type Element,
} from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService, type TestService } from "../../../core/testing/service.js";
import { errorOf, request, submission } from "../../support/rooms.js";

const NS_COMMANDS = "http://jabber.org/protocol/commands";
const HOST = "example";

async function start(clock?: FakeClock, ...commands: AdhocCommand[]): Promise<TestService> {
  const config = `
    admins = { "root@example" }
    modules_enabled = { "disco", "ping", "adhoc" }
    VirtualHost "example"
  `;
  const service = await startService({ config, listen: false, ...(clock && { clock }) });
  for (const command of commands) service.host(HOST).published.add("adhoc-provider", command, "test");
  return service;
}

/** Asks for a colour, then for a shade, and tells both. */
const paint: AdhocCommand & { readonly seen: AdhocRequest[] } = {
  name: "Paint",
  node: "urn:example:paint",
  permission: "any",
  seen: [],
  handler(request, state) {
    this.seen.push(request);
    const chosen = (state as string[] | undefined) ?? [];
    const form = submission("urn:example:paint", {});
    if (request.action === "cancel") return { status: "canceled" };
    if (request.action === "complete") {
      return { status: "completed", notes: [{ type: "info", text: [...chosen, "done"].join(" ") }] };
    }
    const next = request.action === "prev" ? chosen.slice(0, -1) : [...chosen, `step${chosen.length}`];
    return {
      status: "executing",
      form,
      state: next,
      actions: next.length < 2 ? ["next", "complete"] : ["prev", "complete"],
      defaultAction: next.length < 2 ? "next" : "complete",
    };
  },
};

async function run(
  client: FakeClient,
  attrs: Readonly<Record<string, string>>,
  ...children: Element[]
): Promise<{ answer: Element; command: Element; session: string; actions: string[] }> {
  const payload = xml("command", { xmlns: NS_COMMANDS, node: paint.node, ...attrs }, ...children);
  const [answer] = await request(client, "set", payload, HOST);
  const command = getChild(answer, "command", NS_COMMANDS) ?? xml("none");
  const actions = getChild(command, "actions", NS_COMMANDS);
  return {
    answer,
    command,
    session: String(command.attrs["sessionid"]),
    actions: actions ? [String(actions.attrs["execute"]), ...childElements(actions).map(({ name }) => name)] : [],
  };
}

test("XEP-0050 §2.2: commands are found by disco, by those who may use them", async () => {
  const handler = (): StanzaError => new StanzaError({ type: "cancel", condition: "not-allowed" });
  const secret: AdhocCommand = { name: "Secret", node: "urn:example:secret", permission: "admin", handler };
  await using service = await start(undefined, secret, paint);
  const nodes = async (client: FakeClient): Promise<unknown[]> => {
    const payload = xml("query", { xmlns: "http://jabber.org/protocol/disco#items", node: NS_COMMANDS });
    const [answer] = await request(client, "get", payload, HOST);
    return childElements(childElements(answer)[0] ?? answer).map(({ attrs }) => attrs["node"] as unknown);
  };
  const info = async (client: FakeClient, node: string): Promise<Element> => {
    const payload = xml("query", { xmlns: "http://jabber.org/protocol/disco#info", node });
    return (await request(client, "get", payload, HOST))[0];
  };
  const [ada, root] = [service.client("ada@example"), service.client("root@example")];
  assert.deepEqual(await nodes(ada), [paint.node]);
  assert.deepEqual(await nodes(root), [paint.node, secret.node]);
  assert.match(String(await info(ada, paint.node)), /category="automation" type="command-node" name="Paint"/);
  assert.match(String(await info(ada, NS_COMMANDS)), /type="command-list"/);
  assert.equal(errorOf(await info(ada, secret.node)), "auth/forbidden");
  assert.equal(errorOf(await info(ada, "urn:example:none")), "cancel/item-not-found");
  assert.equal(errorOf((await run(ada, { node: secret.node })).answer), "auth/forbidden");
  assert.equal(errorOf((await run(root, { node: secret.node })).answer), "cancel/not-allowed", "the handler's own");
  assert.equal(errorOf((await run(ada, { node: "urn:example:none" })).answer), "cancel/item-not-found");
});

test("XEP-0050 §3.4: stage after stage, forth and back, to the end", async () => {
  await using service = await start(undefined, paint);
  const ada = service.client("ada@example");
  const first = await run(ada, { action: "execute" });
  assert.equal(first.command.attrs["status"], "executing");
  assert.deepEqual(first.actions, ["next", "next", "complete"]);
  const sessionid = first.session;
  const second = await run(ada, { sessionid }, submission("urn:example:paint", { colour: "blue" }));
  assert.equal(paint.seen.at(-1)?.action, "next", "execute stands for the default");
  assert.match(String(paint.seen.at(-1)?.form), /blue/);
  assert.equal(second.session, sessionid);
  assert.deepEqual(second.actions, ["complete", "prev", "complete"]);
  const back = await run(ada, { sessionid, action: "prev" });
  assert.deepEqual(back.actions, ["next", "next", "complete"]);
  const last = await run(ada, { sessionid, action: "complete" });
  assert.equal(last.command.attrs["status"], "completed");
  assert.equal(last.command.getChildText("note"), "step0 done");
  assert.equal(errorOf((await run(ada, { sessionid, action: "complete" })).answer), "modify/bad-request");
});

test("XEP-0050 §3.3: a command that is canceled is over", async () => {
  await using service = await start(undefined, paint);
  const ada = service.client("ada@example");
  const { session: sessionid } = await run(ada, {});
  const canceled = await run(ada, { sessionid, action: "cancel" });
  assert.equal(canceled.command.attrs["status"], "canceled");
  assert.equal(errorOf((await run(ada, { sessionid, action: "next" })).answer), "modify/bad-request");
});

test("XEP-0050 §3.5: unknown actions, actions that are not offered, and sessions of others", async () => {
  const clock = new FakeClock();
  await using service = await start(clock, paint);
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  const condition = async (client: FakeClient, attrs: Record<string, string>): Promise<string | undefined> => {
    const error = getChild((await run(client, attrs)).answer, "error");
    return error && childElements(error).at(-1)?.name;
  };
  const { session: sessionid } = await run(ada, {});
  assert.equal(await condition(ada, { action: "explode" }), "malformed-action");
  assert.equal(await condition(ada, { sessionid, action: "prev" }), "bad-action");
  assert.equal(await condition(ben, { sessionid, action: "next" }), "bad-sessionid");
  assert.equal(await condition(ada, { sessionid: "made up", action: "next" }), "bad-sessionid");
  assert.equal((await run(ada, { sessionid, action: "next" })).command.attrs["status"], "executing", "still Ada's");
  clock.advanceSeconds(1800);
  assert.equal(await condition(ada, { sessionid, action: "complete" }), "bad-sessionid", "forgotten");
});
