/** A component link to a fake server on loopback. */
import type { TestContext } from "node:test";
import { ComponentLink } from "../../core/links/component.js";
import type { LinkLimits } from "../../core/links/link-limits.js";
import { FakeClock } from "../../core/testing/fake-clock.js";
import type { Element } from "../../core/xmpp/element.js";
import { serialise } from "../../core/xmpp/template.js";
import { FakeUpstream, accepting, type Script } from "./fake-upstream.js";
import { Journal } from "./journal.js";

export const SECRET = "s3cret ü";
/** From a user to a room. */
export const MESSAGE = "<message from='romeo@example' to='room@muc.example'><body>hi</body></message>";

/** What differs from a server that accepts everything. */
export interface LinkSetup {
  readonly script?: Script;
  readonly secret?: string;
  readonly limits?: Partial<LinkLimits>;
  readonly port?: number;
  readonly greet?: Parameters<typeof FakeUpstream.listen>[3];
  readonly onStanza?: (stanza: Element) => void;
}

/** A link to a fake server; the journal gets `up`, `down`, `stanza …` and `log <level> <line>`. */
export async function connectLink(t: TestContext, setup: LinkSetup = {}) {
  const journal = new Journal();
  const clock = new FakeClock();
  const server = await FakeUpstream.listen(journal, setup.script ?? accepting(SECRET), 0, setup.greet);
  const link = new ComponentLink({
    host: "muc.example",
    upstream: { host: "127.0.0.1", port: setup.port ?? server.port },
    secret: setup.secret ?? SECRET,
    logger: journal.logger,
    clock,
    limits: setup.limits ?? {},
    random: () => 1,
    onStanza: (stanza) => {
      journal.add(`stanza ${serialise(stanza)}`);
      setup.onStanza?.(stanza);
    },
    onUp: (resumed) => {
      journal.add(resumed ? "up again" : "up");
    },
    onDown: () => {
      journal.add("down");
    },
    send: (stanza) => {
      journal.add(`origin sends ${serialise(stanza)}`);
    },
  });
  const started = link.start();
  started.catch(() => undefined);
  t.after(async () => {
    await server.close();
    await link.stop();
  });
  return { journal, clock, server, link, started };
}

/** A link, its clock, its server and what happens. */
export type LinkRig = Awaited<ReturnType<typeof connectLink>>;

/** Whatever was written to the outlet before has arrived once this is back. */
export async function flushed({ journal, link }: LinkRig, marker: string): Promise<void> {
  link.outlet?.write(`<message id='${marker}' to='romeo@example'/>`);
  await journal.seen(new RegExp(`^server: got [^]*id='${marker}'`));
}
