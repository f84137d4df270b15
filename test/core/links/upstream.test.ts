import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatUpstream, parseUpstream } from "../../../core/links/upstream.js";

describe("component_upstream", () => {
  const GOOD = {
    "xmpp://127.0.0.1:5347": ["127.0.0.1", 5347],
    "xmpp://server.example": ["server.example", 5347],
    "xmpp://server.example:10/": ["server.example", 10],
    "XMPP://[::1]:5348": ["::1", 5348],
  } as const;
  for (const [text, [host, port]] of Object.entries(GOOD)) {
    it(`takes ${text}`, () => {
      const result = parseUpstream(text);
      assert.deepEqual(result, { kind: "upstream", upstream: { host, port } });
      assert.deepEqual(parseUpstream(formatUpstream({ host, port })), result);
    });
  }

  const BAD: readonly (readonly [unknown, RegExp])[] = [
    ["127.0.0.1:5347", /^expected "xmpp:\/\/host:port", got "127\.0\.0\.1:5347"$/],
    ["xmpps://127.0.0.1:5347", /no TLS/],
    ["http://127.0.0.1:5347", /another protocol/],
    ["xmpp://", /got "xmpp:\/\/"$/],
    ["xmpp://host:port", /got/],
    ["xmpp://host:0", /no such port/],
    ["xmpp://host:70000", /no such port/],
    ["xmpp://user@host", /got/],
    ["xmpp://host/path", /got/],
    [5347, /got 5347$/],
    [undefined, /got undefined$/],
  ];
  for (const [value, message] of BAD) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      const result = parseUpstream(value);
      assert.match(result.kind === "problem" ? result.message : "taken", message);
    });
  }
});
