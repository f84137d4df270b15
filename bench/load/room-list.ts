import { ROOMS } from "../servers/server.js";
import type { LoadClient } from "./client.js";
import { ask } from "./owner.js";

/** A page of the list of rooms. @param after what the page before ended with; none: the first one */
export async function listRooms(client: LoadClient, after?: string): Promise<{ readonly after?: string }> {
  const answer = await ask(
    client,
    `<iq type='get' id='list' to='${ROOMS}'><query xmlns='http://jabber.org/protocol/disco#items'>` +
      `<set xmlns='http://jabber.org/protocol/rsm'><max>50</max>${after === undefined ? "" : `<after>${after}</after>`}</set></query></iq>`,
  );
  const last = /<last>([^<]+)<\/last>/.exec(answer)?.[1];
  return last === undefined ? {} : { after: last };
}
