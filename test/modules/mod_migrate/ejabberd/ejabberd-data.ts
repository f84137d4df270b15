/** What an ejabberd wrote out, in a file, and a database to bring it over to. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../../core/cli/run-command.js";
import type { Storage } from "../../../../core/storage/store.js";
import { startService } from "../../../../core/testing/service.js";
import { FaultyDisk } from "../../../../core/testing/storage-faults.js";

export const ROOMS = "conference.localhost";

/** Of the Chorus that data is brought over to. */
export const CHORUS = `
VirtualHost "localhost"
  authentication = "internal_hashed"
  modules_enabled = { "saslauth", "roster", "private", "vcard" }
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
`;

/** What an import said. */
export interface Outcome {
  readonly status: number;
  readonly lines: readonly string[];
}

/** A file, and a database; gone when its holder is done. */
export class EjabberdFile implements AsyncDisposable {
  private constructor(
    readonly path: string,
    readonly disk: FaultyDisk,
    readonly storage: Storage,
  ) {}

  /** @param content as bytes, or as characters of Latin-1 */
  static async make(content: string | Buffer): Promise<EjabberdFile> {
    const path = await mkdtemp(join(tmpdir(), "chorus-import-"));
    const disk = new FaultyDisk();
    const file = new EjabberdFile(path, disk, await disk.open());
    await writeFile(join(path, "file"), content, "latin1");
    return file;
  }

  content(): Promise<Buffer> {
    return readFile(join(this.path, "file"));
  }

  /** `chorusctl import ejabberd`, with these words, of which `file` is the file. Folders in what it says are cut off. */
  async import(words: readonly string[], config = CHORUS): Promise<Outcome> {
    await using service = await startService({ config, storage: this.storage, listen: false });
    const lines: string[] = [];
    const io = {
      print: (line: string) => lines.push(line),
      error: (line: string) => lines.push(line),
      ask: () => Promise.reject(new Error("nobody is there")),
    };
    const context = { online: false, cwd: this.path };
    const status = await runCommand(service.service.hosts, ["import", "ejabberd", ...words], io, context);
    return {
      status,
      lines: lines.flatMap((text) => text.split("\n")).map((line) => line.replaceAll(`${this.path}/`, "")),
    };
  }

  /** Ids and bodies of an archive, in order. */
  async archive(node: string): Promise<string[]> {
    const archive = this.storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
    const found = [];
    for await (const { id, stanza } of (await archive.find(node))?.items ?? []) {
      found.push(`${id} ${stanza.getChildText("body") ?? ""}`);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage.close();
    await this.disk.close();
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A record of Mnesia's. @param options beside `persistent` @param name of the room, as a term */
export function room(name: string, options = "", host = ROOMS): string {
  return `{muc_room,{<<"${name}">>,<<"${host}">>},
          [{persistent,true},{moderated,false}${options === "" ? "" : `,${options}`},
           {affiliations,[{{<<"juliet">>,<<"localhost">>,<<>>},{owner,<<>>}}]}]}.
`;
}

/** A record of Mnesia's. @param id microseconds */
export function message(name: string, id: number | string, body: string, nick = "Juliet"): string {
  return `{archive_msg,{<<"${name}">>,<<"${ROOMS}">>},
             <<"${id}">>,
             {1795,246523,434777},
             {<<"juliet">>,<<"localhost">>,<<"balcony">>},
             {<<"juliet">>,<<"localhost">>,<<>>},
             {xmlel,<<"message">>,
                    [{<<"to">>,<<"${name}@${ROOMS}">>},
                     {<<"from">>,<<"juliet@localhost/balcony">>},
                     {<<"type">>,<<"groupchat">>},
                     {<<"xmlns">>,<<"jabber:client">>}],
                    [{xmlel,<<"body">>,[],[{xmlcdata,<<"${body}">>}]}]},
             <<"${nick}">>,groupchat}.
`;
}
