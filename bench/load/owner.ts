import type { LoadClient } from "./client.js";

/** Makes a room keep its affiliations and messages: `client` has entered it first and owns it. */
export async function makePersistent(client: LoadClient, room: string): Promise<void> {
  await ask(
    client,
    `<iq type='set' id='persist' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>` +
      "<x xmlns='jabber:x:data' type='submit'>" +
      "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>" +
      "<field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query></iq>",
  );
}

/** Sends a request, and resolves when it has been done. @param iq its id is in single quotes; @throws Error with the refusal */
export async function ask(client: LoadClient, iq: string): Promise<string> {
  const id = / id='([^']*)'/.exec(iq)?.[1] ?? "";
  const [all, start = ""] = await client.exchange(
    iq,
    new RegExp(`[^]*(<iq[^>]* id=["']${id}["'][^>]*>)(?:[^]*</iq>|(?<=/>))`),
  );
  if (!/ type=["']result["']/.test(start)) throw new Error(`${iq} was refused: ${all}`);
  return all;
}
