import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diagnose, failureOfFirstBytes, failureOfSocketError } from "../../../core/links/link-failure.js";

describe("what went wrong with a link", () => {
  const ERRORS: readonly (readonly [code: string, connected: boolean, kind: string, option: RegExp])[] = [
    ["ECONNREFUSED", false, "refused", /component_upstream/],
    ["ENOTFOUND", false, "name-unknown", /ENOTFOUND.*component_upstream/],
    ["EAI_AGAIN", false, "name-unknown", /EAI_AGAIN.*component_upstream/],
    ["EHOSTUNREACH", false, "unreachable", /EHOSTUNREACH.*component_upstream/],
    ["ETIMEDOUT", true, "lost", /connection lost \(ETIMEDOUT\)/],
    ["ECONNRESET", true, "lost", /connection lost \(ECONNRESET\)/],
  ];
  for (const [code, connected, kind, text] of ERRORS) {
    it(`calls ${code} ${kind}`, () => {
      const failure = failureOfSocketError(Object.assign(new Error(code), { code }), connected);
      assert.equal(failure.kind, kind);
      assert.match(diagnose(failure, "muc.example").text, text);
    });
  }

  const FIRST: readonly (readonly [bytes: string | readonly number[], kind: string | undefined])[] = [
    ["<?xml version='1.0'?>", undefined],
    ["\ufeff<stream:stream", undefined],
    ["<", undefined],
    [" \n<stream:stream", undefined],
    [[21, 3, 3, 0, 2], "tls-port"],
    [[22, 3, 1], "tls-port"],
    [[21], "tls-port"],
    ["HTTP/1.1 400 Bad Request", "web-server"],
    ["<!DOCTYPE html>", "web-server"],
    ["<html>", "web-server"],
    ["SSH-2.0-OpenSSH_9.2", "not-xmpp"],
  ];
  for (const [bytes, kind] of FIRST) {
    it(`takes ${JSON.stringify(bytes)} for ${kind ?? "XMPP"}`, () => {
      assert.equal(failureOfFirstBytes(Buffer.from(bytes as string))?.kind, kind);
    });
  }
});
