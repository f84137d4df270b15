import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chooseHistory, historyLimits } from "../../../modules/mod_muc_history/limits.js";
import { isHistoric } from "../../../modules/mod_muc_history/historic.js";
import { parseStanza, xml, type Element } from "../../../core/index.js";

const NOW = Date.UTC(2025, 5, 1) / 1000;

function presence(history: Record<string, string> | undefined): Element {
  const x = xml("x", { xmlns: "http://jabber.org/protocol/muc" });
  if (history) x.append(xml("history", history));
  return xml("presence", {}, x);
}

test("XEP-0045 §7.2.14: what a presence asks for", () => {
  const none = { maxchars: undefined, maxstanzas: undefined, since: undefined };
  const cases: [asked: Record<string, string> | undefined, limits: Partial<typeof none> | Record<string, number>][] = [
    [undefined, {}],
    [{}, {}],
    [{ maxchars: "0" }, { maxchars: 0 }],
    [
      { maxstanzas: "20", maxchars: "65000" },
      { maxstanzas: 20, maxchars: 65000 },
    ],
    [{ seconds: "180" }, { since: NOW - 180 }],
    [{ since: "2025-05-31T23:00:00Z" }, { since: NOW - 3600 }],
    [{ since: "2025-06-01T00:00:00.5+01:00" }, { since: NOW - 3599.5 }],
    [{ since: "2025-05-31T23:00:00Z", seconds: "60" }, { since: NOW - 60 }],
    [{ since: "2025-05-31T23:59:59Z", seconds: "60" }, { since: NOW - 1 }],
    [{ maxstanzas: "-1", maxchars: "many", seconds: "1.5", since: "yesterday" }, {}],
    [{ since: "2025-13-41T25:00:00Z" }, {}],
  ];
  for (const [asked, limits] of cases) {
    assert.deepEqual(historyLimits(presence(asked), NOW), { ...none, ...limits }, JSON.stringify(asked));
  }
});

test("a choice of history is the longest run up to the newest message that keeps to all limits", () => {
  const message = fc.record({ chars: fc.nat(50), step: fc.nat(10) });
  const limit = fc.option(fc.nat(60), { nil: undefined });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), limit, limit, limit, (made, maxchars, maxstanzas, since) => {
      let time = 0;
      const messages = made.map(({ chars, step }) => ({ timestamp: (time += step), chars: () => chars }));
      const fits = (run: typeof messages): boolean =>
        run.length <= (maxstanzas ?? Infinity) &&
        run.reduce((sum, one) => sum + one.chars(), 0) <= (maxchars ?? Infinity) &&
        run.every(({ timestamp }) => timestamp >= (since ?? -Infinity));
      const chosen = chooseHistory(messages, { maxchars, maxstanzas, since });
      const from = messages.length - chosen.length;
      assert.deepEqual(chosen, messages.slice(from));
      assert.ok(fits([...chosen]));
      assert.ok(from === 0 || !fits(messages.slice(from - 1)));
    }),
  );
});

test("which messages belong to the history", () => {
  const cases: [content: string, historic: boolean | undefined][] = [
    ["<body>hello</body>", true],
    ["", undefined],
    ["<subject>x</subject>", false],
    ["<active xmlns='http://jabber.org/protocol/chatstates'/>", undefined],
    ["<body>psst</body><no-store xmlns='urn:xmpp:hints'/>", false],
    ["<body>psst</body><no-permanent-store xmlns='urn:xmpp:hints'/>", false],
    ["<store xmlns='urn:xmpp:hints'/>", true],
    ["<store xmlns='urn:xmpp:hints'/><no-store xmlns='urn:xmpp:hints'/>", false],
    ["<encryption xmlns='urn:xmpp:eme:0' namespace='x'/>", true],
    ["<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true],
  ];
  for (const [content, historic] of cases) {
    assert.equal(isHistoric(parseStanza(`<message>${content}</message>`)), historic, content);
  }
});
