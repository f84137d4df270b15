import type { Json } from "chorus-muc";
import type { RoomAction } from "chorus-muc/muc";
import { fieldNamed, fieldsOf, submissionOf, valueOf } from "./settings.js";

/** Shows the configuration of a room, or changes it as its owner would (XEP-0045 §10.2). */
export const configAction: RoomAction = {
  name: "config",
  title: "Configure a room",
  summary: "show the configuration of a room, or some fields of it, or change them",
  target: "room",
  isChange: true,
  arguments: [{ name: "fields", kind: "settings", label: "Fields of the room's form" }],
  run: async ({ room, actor, settings }) => {
    const fields = fieldsOf(room, actor);
    const named = [...settings].filter(([, texts]) => texts === undefined).map(([name]) => fieldNamed(fields, name));
    const [only] = named;
    if (only && settings.size === 1) return { kind: "value", name: only.name, value: valueOf(only) };
    if (named.length === settings.size) {
      const shown = named.length === 0 ? fields : named;
      return { kind: "record", fields: Object.fromEntries(shown.map((field) => [field.name, valueOf(field)])) };
    }
    const values = submissionOf(fields, settings);
    await room.configure(actor, values);
    const now = new Map(fieldsOf(room, actor).map((field) => [field.name, valueOf(field)]));
    const data: Record<string, Json> = {};
    for (const given of settings.keys()) {
      const { name } = fieldNamed(fields, given);
      data[name] = now.get(name) ?? null;
    }
    return { kind: "done", text: `${room.jid} is configured`, data };
  },
};
