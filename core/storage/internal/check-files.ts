import { DataError } from "../prosody/data-error.js";
import { ProsodyFiles } from "../prosody/prosody-files.js";

/**
 * Reads every file below a data folder that belongs to a host.
 * @returns what cannot be read, a line each
 */
export async function* checkFiles(dataPath: string, hosts: Iterable<string>): AsyncGenerator<string> {
  const files = new ProsodyFiles(dataPath);
  for (const host of hosts) {
    for (const store of await files.stores(host)) {
      for (const value of await files.values(host, store)) {
        if (value.user === undefined) yield `${value.place}: its name is not UTF-8`;
        try {
          await value.read();
        } catch (error) {
          yield `${value.place}: ${error instanceof Error ? error.message : String(error)}`;
        }
      }
      for (const archive of await files.archives(host, store)) {
        let count = 0;
        for await (const message of archive.messages()) {
          count++;
          if (message instanceof DataError) yield `${archive.place}: record ${count}: ${message.message}`;
        }
        const amiss = await archive.check(count);
        if (amiss) yield `${amiss.place}: ${amiss.reason}`;
      }
    }
  }
}
