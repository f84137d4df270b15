/** Plays the acceptance scripts, and our own, with Chorus attached to a real server that holds the accounts. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readScript, type Script, type ScriptClient } from "../../core/testing/scansion.js";
import { connectClient } from "../../core/testing/client.js";
import { runScenario, type ScenarioClient, type ScenarioOptions } from "../../core/testing/scenario-runner.js";
import { startService, type TestService } from "../../core/testing/service.js";
import { bare, nodeOf } from "../../core/xmpp/jid.js";
import { acceptanceScripts, modulesFor, ownScripts } from "../support/acceptance.js";
import { needs } from "../support/required.js";
import type { Account, Peer, PeerOptions } from "./peer.js";

export const SECRET = "a secret between servers";

/**
 * Starts Chorus as the component `conference.localhost` of a peer.
 * @param options further lines of its section
 * @param port where it finds the peer
 */
export async function attach(peer: Peer, options = "", port = peer.componentPort): Promise<TestService> {
  return startService({
    config: `
admins = { "admin@localhost" }
Component "conference.localhost" "muc"
  component_secret = "${SECRET}"
  component_upstream = "xmpp://127.0.0.1:${port}"
  ${options}
`,
  });
}

/** What a peer does itself with a script, so that Chorus never sees the stanza in question. */
export interface OwnAnswer {
  readonly script: string;
  /** The end of the test's name. */
  readonly why: string;
  /** What came instead, as the runner tells it. */
  readonly failure: RegExp;
}

/** Declares the tests of one peer. @param missing why it cannot be started here */
export function testAttached(
  name: string,
  missing: string | undefined,
  start: (options: PeerOptions) => Promise<Peer>,
  ownAnswers: readonly OwnAnswer[] = [],
): void {
  describe(`attached to ${name}`, needs(missing), () => {
    let peer: Peer;
    before(async () => {
      peer = await start({ secret: SECRET });
    });
    after(async () => {
      await peer.stop();
    });

    for (const { name: scriptName, file } of [...acceptanceScripts(), ...ownScripts()]) {
      const own = ownAnswers.find(({ script }) => script === scriptName);
      test(`${scriptName} ${own?.why ?? "passes"}`, async () => {
        const script = readScript(file);
        await peer.addAccounts(accountsOf(script));
        // A service of its own for each script, as its rooms have the same name in most of them.
        await using _service = await attach(peer, modulesFor(script));
        const { failure } = await runScenario(script, {
          port: peer.clientPort,
          connect: connectToPeer,
          ...(own && { timeoutMs: 1000 }),
        });
        if (own) assert.match(failure?.message ?? "it passed", own.failure);
        else assert.equal(failure?.message, undefined);
      });
    }
  });
}

/** The accounts that a script logs in to. */
export function accountsOf(script: Script): Account[] {
  return script.clients.map(({ jid, password = "" }) => ({ user: nodeOf(bare(jid)) ?? "", password }));
}

/** The language of streams, which servers write on every stanza that has none of its own (RFC 6120 §8.1.5). */
const STREAM_LANGUAGE = "en";

/** A client that does not mind the language that its server has put on what a script expects without one. */
async function connectToPeer(client: ScriptClient, { port = 5222 }: ScenarioOptions): Promise<ScenarioClient> {
  const connected = await connectClient({ jid: client.jid, password: client.password, port, timeoutMs: 5000 });
  const { inbox } = connected;
  const push = inbox.push.bind(inbox);
  inbox.push = (stanza) => {
    if (stanza.attrs["xml:lang"] === STREAM_LANGUAGE) delete stanza.attrs["xml:lang"];
    push(stanza);
  };
  return connected;
}
