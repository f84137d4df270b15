"""Retracts a message of somebody else in a room with slixmpp, and prints what it sees of that.

Arguments: JID, password, port, room, nick. It moderates the message of the history that says "spam".
"""
import asyncio
import sys

import slixmpp
from slixmpp.exceptions import IqError

jid, password, port, room, nick = sys.argv[1:]


class Moderator(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        for plugin in ("xep_0030", "xep_0045", "xep_0313", "xep_0359", "xep_0421", "xep_0425"):
            self.register_plugin(plugin)
        self.spam = self.loop.create_future()
        self.told = self.loop.create_future()
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("groupchat_message", self.heard)
        self.add_event_handler("moderated_message", self.moderated)
        self.add_event_handler("failed_all_auth", lambda _: self.disconnect())

    def heard(self, message):
        if message["body"] == "spam" and not self.spam.done():
            self.spam.set_result(message["stanza_id"]["id"])

    def moderated(self, message):
        if not self.told.done():
            self.told.set_result(message)

    async def start(self, _):
        try:
            await asyncio.wait_for(self.moderate(), 20)
            print("done", flush=True)
        except Exception as error:
            print("failed: %r" % error, flush=True)
        self.disconnect()

    async def moderate(self):
        info = await self.plugin["xep_0030"].get_info(jid=room)
        print("offered: %s" % ("urn:xmpp:message-moderate:0" in info["disco_info"]["features"]), flush=True)
        self.plugin["xep_0045"].join_muc(room, nick, maxhistory="20")
        stanza_id = await self.spam
        moderation = self.plugin["xep_0425"]
        try:
            await moderation.moderate(slixmpp.JID(room), "unknown", "no reason")
        except IqError as error:
            print("unknown: %s/%s" % (error.etype, error.condition), flush=True)
        await moderation.moderate(slixmpp.JID(room), stanza_id, "Advertising")
        message = await self.told
        moderated = message["apply_to"]["moderated"]
        print("told: %s by %s: %s" % (
            message["apply_to"]["id"] == stanza_id, moderated["by"], moderated["reason"]), flush=True)
        async for result in self.plugin["xep_0313"].iterate(jid=room, rsm={"max": 10}):
            found = result["mam_result"]["forwarded"]["stanza"]
            if result["mam_result"]["id"] != stanza_id:
                continue
            moderated = found["moderated"]
            print("tombstone: %r %s %s" % (
                found["body"], moderated["by"], bool(moderated["retracted"]["stamp"])), flush=True)


moderator = Moderator()
moderator.connect(address=("127.0.0.1", int(port)), disable_starttls=True)
moderator.process(forever=False)
