"""Joins a room with slixmpp and prints what happens there, one line each, until somebody says goodbye.

Arguments: JID, password, port, room, nick, what to say once somebody else is in the room, and the file of the
certificate to trust, if TLS is to be used.
"""
import asyncio
import sys

import slixmpp

jid, password, port, room, nick, text, *certificate = sys.argv[1:]


class Guest(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        self.register_plugin("xep_0045")
        self.register_plugin("xep_0199")
        self.register_plugin("xep_0421")
        self.ids = {}
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("failed_all_auth", lambda _: self.end("login refused"))
        self.add_event_handler("groupchat_message", self.heard)
        self.add_event_handler("muc::%s::presence" % room, self.seen)
        self.said = False

    async def start(self, _):
        print("logged in as %s, %s" % (self.boundjid, "encrypted" if "starttls" in self.features else "in clear"), flush=True)
        self.send_presence()
        self.plugin["xep_0045"].join_muc(room, nick)

    def seen(self, presence):
        who = presence["muc"]["nick"]
        print("%s %s" % (presence["type"], who), flush=True)
        if who == nick and not self.ids:
            asyncio.ensure_future(self.ask())
        self.ids[who] = self.id_of(presence)
        if who != nick and not self.said:
            self.said = True
            self.send_message(mto=room, mbody=text, mtype="groupchat")

    def heard(self, message):
        who = message["mucnick"]
        print("%s: %s" % (who, message["body"]), flush=True)
        if self.ids.get(who) and self.ids[who] == self.id_of(message):
            print("%s spoke under the id of their presence" % who, flush=True)
        if message["mucnick"] != nick and message["body"] == "goodbye":
            self.end("done")

    async def ask(self):
        # Not has_feature: that of 1.8.3 fails on any answer.
        info = await self.plugin["xep_0030"].get_info(jid=room)
        if self.plugin["xep_0421"].namespace in info["disco_info"]["features"]:
            print("%s has occupant ids" % room, flush=True)

    def id_of(self, stanza):
        # The plugin's accessor of 1.8.3 finds no attribute, as its class misspells "interfaces".
        return stanza["occupant-id"].xml.get("id")

    def end(self, why):
        print(why, flush=True)
        self.disconnect()


guest = Guest()
if certificate:
    guest.ca_certs = certificate[0]
guest.connect(address=("127.0.0.1", int(port)), force_starttls=bool(certificate), disable_starttls=not certificate)
guest.process(forever=False)
