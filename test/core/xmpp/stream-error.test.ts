import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { xml } from "../../../core/xmpp/element.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { StreamError, parseStreamError, streamErrorElement } from "../../../core/xmpp/stream-error.js";
import { serialise } from "../../../core/xmpp/template.js";

describe("StreamError", () => {
  it("is written as RFC 6120 §4.9.2 has it, and read back", () => {
    const text = serialise(streamErrorElement(new StreamError("host-unknown", "no such host")));
    assert.equal(
      text,
      '<stream:error><host-unknown xmlns="urn:ietf:params:xml:ns:xmpp-streams"/><text xmlns="urn:ietf:params:xml:ns:xmpp-streams">no such host</text></stream:error>',
    );
    const received = parseStanza(
      text.replace("<stream:error>", "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>"),
    );
    const error = parseStreamError(received);
    assert.deepEqual([error?.condition, error?.text], ["host-unknown", "no such host"]);
  });

  it("reads a condition that nobody defined as undefined-condition, and no other element", () => {
    const error = xml(
      "error",
      "http://etherx.jabber.org/streams",
      xml("toString", "urn:ietf:params:xml:ns:xmpp-streams"),
    );
    assert.equal(parseStreamError(error)?.condition, "undefined-condition");
    assert.equal(parseStreamError(xml("error")), undefined);
  });
});
