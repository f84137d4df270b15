/** What an ejabberd wrote out, in a file, and a database to bring it over to. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CHORUS, MigrationFolder, ROOMS, type Outcome } from "../migration-folder.js";

export { CHORUS, ROOMS };

/** A file, and a database; gone when its holder is done. */
export class EjabberdFile extends MigrationFolder {
  /** @param content as bytes, or as characters of Latin-1 */
  static async make(content: string | Buffer): Promise<EjabberdFile> {
    const file = new EjabberdFile(await this.parts());
    await writeFile(join(file.path, "file"), content, "latin1");
    return file;
  }

  content(): Promise<Buffer> {
    return readFile(join(this.path, "file"));
  }

  /** `chorusctl import ejabberd`, with these words, of which `file` is the file. Folders in what it says are cut off. */
  import(words: readonly string[], config = CHORUS): Promise<Outcome> {
    return this.run(config, "import", "ejabberd", ...words);
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
