"""Makes a hat in a room with slixmpp's ad-hoc commands, gives it to somebody, and prints what it sees of that.

Arguments: JID, password, port, room, nick, and the JID of who gets the hat.
"""
import asyncio
import sys

import slixmpp

jid, password, port, room, nick, wearer = sys.argv[1:]
COMMANDS = "urn:xmpp:hats:commands:"
HAT = "{urn:xmpp:hats:0}"


class Hatter(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        for plugin in ("xep_0004", "xep_0030", "xep_0045", "xep_0050", "xep_0421"):
            self.register_plugin(plugin)
        self.worn = self.loop.create_future()
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("muc::%s::presence" % room, self.seen)
        self.add_event_handler("failed_all_auth", lambda _: self.disconnect())

    def seen(self, presence):
        hat = presence.xml.find("%shats/%shat" % (HAT, HAT))
        if hat is not None and not self.worn.done():
            self.worn.set_result((presence, hat))

    async def start(self, _):
        try:
            await asyncio.wait_for(self.dress(), 20)
            print("done", flush=True)
        except Exception as error:
            print("failed: %r" % error, flush=True)
        self.disconnect()

    async def run(self, name, **values):
        """The two stages of a command: its form, and what it answers to the filled-in form."""
        adhoc = self.plugin["xep_0050"]
        first = await adhoc.send_command(room, COMMANDS + name)
        print("%s: %s, asks for %s" % (
            name, first["command"]["status"], " ".join(sorted(first["command"]["form"].get_fields()))), flush=True)
        form = self.plugin["xep_0004"].make_form(ftype="submit")
        form.add_field(var="FORM_TYPE", ftype="hidden", value="urn:xmpp:hats:commands")
        for field, value in values.items():
            form.add_field(var="hats#" + field, value=value)
        last = await adhoc.send_command(
            room, COMMANDS + name, action="complete", payload=form, sessionid=first["command"]["sessionid"])
        print("%s: %s" % (name, last["command"]["status"]), flush=True)

    async def dress(self):
        self.plugin["xep_0045"].join_muc(room, nick)
        items = await self.plugin["xep_0050"].get_commands(room)
        offered = sorted(node for _, node, _ in items["disco_items"]["items"])
        print("offered: %s" % " ".join(node.replace(COMMANDS, "") for node in offered), flush=True)
        await self.run("create", title="Host", uri="urn:example:hat#host", hue="12.5")
        await self.run("assign", jid=wearer, uri="urn:example:hat#host")
        presence, hat = await self.worn
        print("worn: %s by %s, who has an id: %s" % (
            hat.attrib["title"], presence["from"].resource, bool(presence["occupant-id"]["id"])), flush=True)


hatter = Hatter()
hatter.connect(address=("127.0.0.1", int(port)), disable_starttls=True)
hatter.process(forever=False)
