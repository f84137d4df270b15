"""Reads the archive of a room with slixmpp, forwards and backwards in pages of two, and prints what it gets.

Arguments: JID, password, port, room.
"""
import sys

import slixmpp

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
        fields = await archive.get_fields(jid=room)
        print("fields: %s" % " ".join(fields.get_fields()), flush=True)
        metadata = (await archive.get_archive_metadata(jid=room))["mam_metadata"]
        print("ends: %s %s" % (metadata["start"]["id"], metadata["end"]["id"]), flush=True)


reader = Reader()
reader.connect(address=("127.0.0.1", int(port)), disable_starttls=True)
reader.process(forever=False)
