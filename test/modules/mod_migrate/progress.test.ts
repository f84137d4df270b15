import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Progress } from "../../../modules/mod_migrate/progress.js";

describe("progress", () => {
  it("says how much is done, how fast it goes, and what is left of the time", () => {
    const shown: string[] = [];
    let now = 0;
    const progress = new Progress(
      (line) => shown.push(line),
      () => now,
    );
    progress.tell("chat.host config", 0, "rooms", 0);
    now = 50;
    progress.tell("chat.host config", 1, "rooms", 0.1);
    now = 60_000;
    progress.tell("chat.host muc_log", 500, "messages", 0.001);
    now = 70_000;
    progress.tell("chat.host muc_log", 5000, "messages", 0.25);
    now = 80_000;
    progress.tell("chat.host muc_log", 9000, "messages");
    now = 3_000_000;
    progress.tell("chat.host muc_log", 19_000, "messages", 0.301);
    progress.end();
    assert.deepEqual(shown, [
      "chat.host config [..........]   0 % 0 rooms",
      "chat.host muc_log [..........]   0 % 500 messages",
      "chat.host muc_log [##........]  25 % 5000 messages 500/s 0:30 left",
      "chat.host muc_log 9000 messages 450/s",
      "chat.host muc_log [###.......]  30 % 19000 messages 6/s 1:53:48 left",
      "",
    ]);
  });

  it("stays within the eighty columns of a terminal", () => {
    let longest = 0;
    let now = 0;
    const progress = new Progress(
      (line) => (longest = Math.max(longest, line.length)),
      () => now,
    );
    progress.tell(`${"x".repeat(300)}.example muc_log`, 1, "messages", 0);
    now = 1000;
    progress.tell(`${"x".repeat(300)}.example muc_log`, 9_999_999, "messages", 0.001);
    assert.ok(longest > 60 && longest <= 80, String(longest));
  });
});
