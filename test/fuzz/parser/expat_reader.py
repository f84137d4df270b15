"""Reads XMPP streams with libexpat, the parser of Prosody and ejabberd, and says what it finds.

Input, again and again: three numbers (bytes of a stanza, depth, attributes: the limits) and the length of the stream,
each as 4 bytes, then the stream. Output for each: the length of the answer, then the answer. An answer is UTF-8: the
reading's parts, separated by NUL.
"""

import struct
import sys
from xml.parsers import expat
from xml.parsers.expat import errors

NS_STREAM = "http://etherx.jabber.org/streams"
NS_XML = "http://www.w3.org/XML/1998/namespace"
# Between namespace and name: no XML name contains it, and no namespace may, either.
SEPARATOR = "\x0c"
UNDEFINED_ENTITY = errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY]
BLANK = " \t\r\n"


class Refused(Exception):
    """The stream breaks a rule of XMPP or a limit."""


class Done(Exception):
    """The stream was closed."""


def split(name):
    parts = name.split(SEPARATOR)
    return ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])


class Reader:
    def __init__(self, data, max_bytes, max_depth, max_attributes):
        self.data = data
        self.limits = max_bytes, max_depth, max_attributes
        self.parts = []
        self.stanza = []
        self.text = []
        self.depth = 0
        self.begin = 0
        self.declared = {}
        self.opened_at = -1
        self.events = 0
        self.parser = parser = expat.ParserCreate("UTF-8", SEPARATOR)
        parser.namespace_prefixes = False
        parser.ordered_attributes = True
        parser.buffer_text = False
        parser.StartNamespaceDeclHandler = self.on_namespace
        parser.StartElementHandler = self.on_open
        parser.EndElementHandler = self.on_close
        parser.CharacterDataHandler = self.on_text
        parser.XmlDeclHandler = self.on_declaration
        parser.StartDoctypeDeclHandler = self.refuse_doctype
        parser.CommentHandler = self.refuse_comment
        parser.ProcessingInstructionHandler = self.refuse_instruction

    def read(self):
        try:
            self.parser.Parse(self.data, False)
            # What is not a whole token yet is waited for.
            last = "open %d" % self.events
        except Done:
            last = "end"
        except Refused as refused:
            last = "refused %d %s" % (self.parser.CurrentByteIndex, refused)
        except expat.ExpatError as error:
            kind = "entity" if error.code == UNDEFINED_ENTITY else "xml"
            last = "refused %d %s %s" % (self.parser.ErrorByteIndex, kind, error)
        self.parts.append(last)
        return "\0".join(self.parts)

    def on_declaration(self, version, encoding, standalone):
        self.events += 1
        if encoding is not None and encoding.lower() != "utf-8":
            raise Refused("encoding")

    def refuse_doctype(self, *_):
        raise Refused("doctype")

    def refuse_comment(self, _):
        raise Refused("comment")

    def refuse_instruction(self, *_):
        raise Refused("instruction")

    def on_namespace(self, prefix, uri):
        self.declared[prefix or ""] = uri or ""

    def on_open(self, name, attributes):
        self.events += 1
        max_bytes, max_depth, max_attributes = self.limits
        namespace, local = split(name)
        declared, self.declared = self.declared, {}
        at = self.parser.CurrentByteIndex
        if self.depth > max_depth:
            raise Refused("depth")
        if len(declared) + len(attributes) // 2 > max_attributes:
            raise Refused("attributes")
        self.opened_at = at
        if self.depth <= 1:
            self.begin = at
        if self.depth == 0:
            if namespace != NS_STREAM or local != "stream":
                raise Refused("header")
            if declared.get("") != "jabber:client":
                raise Refused("header")
        written = ["\x01" + namespace + "\x02" + local]
        for index in range(0, len(attributes), 2):
            uri, attribute = split(attributes[index])
            written.append("\x03" + uri + "\x02" + attribute + "\x02" + attributes[index + 1])
        self.flush()
        if self.depth == 0:
            self.parts.append("".join(written)[1:])
        else:
            self.stanza.append("".join(written))
        self.depth += 1

    def on_close(self, _):
        self.events += 1
        self.flush()
        at = self.parser.CurrentByteIndex
        empty = self.opened_at >= 0 and self.data[at - 2 : at] == b"/>"
        self.opened_at = -1
        self.depth -= 1
        if self.depth == 0:
            raise Done()
        self.stanza.append("\x05")
        if self.depth == 1:
            end = at if empty else self.data.index(b">", at) + 1
            self.check_size(end - self.begin)
            self.parts.append("%d\x01%s" % (end, "".join(self.stanza)[1:]))
            self.stanza = []

    def on_text(self, text):
        self.events += 1
        self.opened_at = -1
        if self.depth > 1:
            self.text.append(text)
        elif text.strip(BLANK) != "":
            raise Refused("text")

    def flush(self):
        if self.text:
            self.stanza.append("\x04" + "".join(self.text))
            self.text = []

    def check_size(self, size):
        if size > self.limits[0]:
            raise Refused("size")


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        head = source.read(16)
        if len(head) < 16:
            return
        max_bytes, max_depth, max_attributes, length = struct.unpack(">IIII", head)
        answer = Reader(source.read(length), max_bytes, max_depth, max_attributes).read().encode("utf-8", "surrogatepass")
        sink.write(struct.pack(">I", len(answer)) + answer)
        sink.flush()


main()
