/** Data of a Prosody in files, as much as one likes. */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { archived, room } from "../../test/modules/mod_migrate/prosody/prosody-data.js";
import { ROOMS } from "../servers/server.js";
import { ARCHIVE_BEGINS, ARCHIVE_ROOM, messageBody, messageId } from "./archive-content.js";

/** Local part of a stored room that nobody is in. */
export function idleRoom(number: number): string {
  return `room${number}`;
}

/** Writes a configuration, and files below it: public rooms, and one with an archive of so many messages. */
export async function writeProsodyFiles(folder: string, rooms: number, messages: number): Promise<void> {
  const host = join(folder, "data", ROOMS.replaceAll(".", "%2e"));
  await mkdir(join(host, "config"), { recursive: true });
  await mkdir(join(host, "muc_log"), { recursive: true });
  await writeFile(join(folder, "prosody.cfg.lua"), `data_path = "${folder}/data"\nComponent "${ROOMS}" "muc"\n`);
  const names = [ARCHIVE_ROOM, ...Array.from({ length: rooms }, (_, number) => idleRoom(number))];
  for (const name of names) {
    const data = `["hidden"] = false;\n\t\t["name"] = "The ${name}";`;
    await writeFile(join(host, "config", `${name}.dat`), room(name, data));
  }
  const entries = names.map((name) => `\t["${name}@${ROOMS}"] = true;\n`);
  await writeFile(join(host, "persistent.dat"), `return {\n${entries.join("")}};\n`);
  const list = createWriteStream(join(host, "muc_log", `${ARCHIVE_ROOM}.list`));
  for (let number = 0; number < messages; number++) {
    const entry = archived(messageId(number), messageBody(number), ARCHIVE_BEGINS + number);
    if (!list.write(entry)) await new Promise<void>((resolve) => list.once("drain", resolve));
  }
  list.end();
  await finished(list);
}
