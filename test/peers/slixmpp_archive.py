"""Reads the archive of a room with slixmpp, forwards and backwards in pages of two, by sender and by time, and prints what
it gets.

Arguments: JID, password, port, room.
"""
import datetime
import sys

import slixmpp
from slixmpp.exceptions import IqError

jid, password, port, room = sys.argv[1:]


class Reader(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0313")
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("failed_all_auth", lambda _: self.disconnect())

    async def start(self, _):
        try:
            await self.read()
            print("done", flush=True)
        except Exception as error:
            print("failed: %r" % error, flush=True)
        self.disconnect()

    async def read(self):
        archive = self.plugin["xep_0313"]
        for name, backwards in (("forwards", False), ("backwards", True)):
            bodies = []
            async for message in archive.iterate(jid=room, reverse=backwards, rsm={"max": 2}):
                bodies.append(message["mam_result"]["forwarded"]["stanza"]["body"])
            print("%s: %s" % (name, " ".join(bodies)), flush=True)
        for name, query in (
            ("of one", {"with_jid": slixmpp.JID(room + "/Tom")}),
            ("of oneself", {"with_jid": slixmpp.JID(jid)}),
            ("of all", {"with_jid": slixmpp.JID(room)}),
            ("later", {"start": datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)}),
        ):
            bodies = []
            async for message in archive.iterate(jid=room, rsm={"max": 2}, **query):
                bodies.append(message["mam_result"]["forwarded"]["stanza"]["body"])
            print(" ".join(["%s:" % name] + bodies), flush=True)
        for name, query in (
            ("unknown", {"rsm": {"max": 2, "after": "unknown"}}),
            ("hidden", {"with_jid": slixmpp.JID("tom@localhost")}),
        ):
            try:
                await archive.retrieve(jid=room, **query)
            except IqError as error:
                print("%s: %s/%s" % (name, error.etype, error.condition), flush=True)
        page = await archive.retrieve(jid=room, rsm={"max": 2})
        rsm = page["mam_fin"]["rsm"]
        complete = page["mam_fin"]["complete"] == "true"
        print("page: %s of %s, complete: %s" % (len(page["mam"]["results"]), rsm["count"], complete), flush=True)
        fields = await archive.get_fields(jid=room)
        print("fields: %s" % " ".join(fields.get_fields()), flush=True)
        metadata = (await archive.get_archive_metadata(jid=room))["mam_metadata"]
        print("ends: %s %s" % (metadata["start"]["id"], metadata["end"]["id"]), flush=True)


reader = Reader()
reader.connect(address=("127.0.0.1", int(port)), disable_starttls=True)
reader.process(forever=False)
