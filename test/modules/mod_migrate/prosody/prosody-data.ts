/** A Prosody's folder: its configuration, and data files as it writes them. */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CHORUS, MigrationFolder, ROOMS, type Outcome } from "../migration-folder.js";

export { CHORUS, ROOMS };

/** A Prosody's data, and a database to bring it over to; gone when its holder is done. */
export class ProsodyFolder extends MigrationFolder {
  static async make(files: Readonly<Record<string, string | Buffer>>, config?: string): Promise<ProsodyFolder> {
    const folder = new ProsodyFolder(await this.parts());
    const { path } = folder;
    const text = config ?? `VirtualHost "localhost"\nComponent "${ROOMS}" "muc"\n`;
    await writeFile(join(path, "prosody.cfg.lua"), `data_path = ${JSON.stringify(join(path, "data"))}\n${text}`);
    await mkdir(join(path, "data"));
    for (const [name, content] of Object.entries(files)) await folder.put(name, content);
    return folder;
  }

  async put(name: string, content: string | Buffer): Promise<void> {
    const file = join(this.path, "data", name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** Every file and folder with its time, and what is in it. */
  async content(): Promise<Record<string, readonly [modified: number, content: string]>> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    const found = entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const content = entry.isFile() ? await readFile(path, "latin1") : "";
      return [path, [(await stat(path)).mtimeMs, content]] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  }

  /** `chorusctl import prosody`, with further words. */
  import(...words: string[]): Promise<Outcome> {
    return this.importInto(CHORUS, ...words);
  }

  /** The same, into a Chorus of that configuration. */
  importInto(config: string, ...words: string[]): Promise<Outcome> {
    return this.run(config, "import", "prosody", "--config", join(this.path, "prosody.cfg.lua"), ...words);
  }

  /** `chorusctl export prosody`, of a Chorus of that configuration. */
  exportFrom(config: string, ...words: string[]): Promise<Outcome> {
    return this.run(config, "export", "prosody", ...words);
  }
}

/** A record of a room's archive. */
export function archived(id: string, body: string, when: number): string {
  return `item({
	{
		"${body}";
		["name"] = "body";
		["attr"] = {};
	};
	["name"] = "message";
	["with"] = "message<groupchat";
	["when"] = ${when};
	["key"] = "${id}";
	["attr"] = {
		["type"] = "groupchat";
		["from"] = "garden@${ROOMS}/Juliet";
		["to"] = "garden@${ROOMS}";
		["stamp"] = "2026-11-20T00:00:00Z";
	};
});
`;
}

/** A room. @param data entries of `_data` @param others further entries */
export function room(node: string, data = "", others = ""): string {
  return `return {
	["_jid"] = "${node}@${ROOMS}";
	["_data"] = {
		["persistent"] = true;
		${data}
	};
	["_affiliation_data"] = {};
	["juliet@localhost"] = "owner";
	${others}
};
`;
}

/** The folder in which Prosody keeps what is of {@link ROOMS}. */
export const HOST = "conference%2elocalhost";
const SALT = "16ffdeed-d8dc-4b74-b727-da4c219ba36b";
const ACCOUNT = `return {
	["salt"] = "${SALT}";
	["iteration_count"] = 10000;
	["stored_key"] = "9348c4c2c2114d8f8fd03d29188c6fb632b88c75";
	["server_key"] = "1e876427f8eb2dcd1e91c9ffc71357a982fca692";
	["greylisted"] = true;
};
`;

/** A service with one of everything: files of data. */
export const WHOLE = {
  [`${HOST}/persistent.dat`]: `return { ["garden@${ROOMS}"] = true; ["gone@${ROOMS}"] = true; };`,
  [`${HOST}/config/garden.dat`]: room(
    "garden",
    `["name"] = "Caf\\195\\169"; ["occupant_id_salt"] = "salty"; ["subject"] = "Roses"; ["of_another_module"] = { 1; 2; };`,
    `["romeo@localhost"] = "member"; ["evil.example"] = "outcast"; ["whatever"] = 7;`,
  ).replace(
    `["_affiliation_data"] = {}`,
    `["_affiliation_data"] = { ["romeo@localhost"] = { ["reserved_nickname"] = "Romeo"; }; }`,
  ),
  [`${HOST}/config/old.dat`]: `return { ["jid"] = "old@${ROOMS}", ["_data"] = { ["hidden"] = true }, ["_affiliations"] = { ["juliet@localhost"] = "owner" } };`,
  [`${HOST}/config/tomb.dat`]: `return { ["_jid"] = "tomb@${ROOMS}"; ["_data"] = { ["destroyed"] = true; ["persistent"] = true; ["hidden"] = true; ["locked"] = 99999999999; ["newjid"] = "garden@${ROOMS}"; }; };`,
  [`${HOST}/config/dust.dat`]: `return { ["_jid"] = "dust@${ROOMS}"; ["_data"] = { ["destroyed"] = true; ["locked"] = 5; }; };`,
  [`${HOST}/state/garden.dat`]: `return { ["_last_message_at"] = 1795216631; ["_last_message"] = { { "last words"; ["name"] = "body"; ["attr"] = {}; }; ["name"] = "message"; ["attr"] = { ["type"] = "groupchat"; ["from"] = "garden@${ROOMS}/Juliet"; ["to"] = ""; }; }; };`,
  [`${HOST}/muc_log/garden.list`]:
    archived("id-1", "one", 1795216000) + archived("id-2", "two", 1795216000) + archived("id-3", "three", 1795216001.5),
  [`${HOST}/vcard_muc/garden.dat`]: `return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; { "Garden"; ["name"] = "FN"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; }; };`,
  [`${HOST}/cron.dat`]: `return { ["x"] = 1; };`,
  "localhost/accounts/juliet.dat": ACCOUNT,
  "localhost/roster/juliet.dat": `return { [false] = { ["version"] = 3; ["pending"] = { ["tybalt@localhost"] = true; }; }; ["romeo@localhost"] = { ["subscription"] = "both"; ["groups"] = { ["Friends"] = true; }; ["name"] = "R"; }; };`,
  "localhost/private/juliet.dat": `return { ["storage:storage:bookmarks"] = { ["name"] = "storage"; ["attr"] = { ["xmlns"] = "storage:bookmarks"; }; }; };`,
  "localhost/vcard/juliet.dat": `return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; };`,
};
