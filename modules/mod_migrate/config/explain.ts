import type { ConfigExplainer, ConfigSetting, SettingExplanation } from "chorus-muc";
import { differently, notSupported, same } from "./knowledge.js";
import { MODULES } from "./modules.js";
import { explainOther, OTHER_OPTIONS } from "./other-options.js";
import { READ_OPTIONS } from "./read-options.js";

/** What becomes of the settings of a Prosody, for `chorusctl check config`. */
export const prosodySettings: ConfigExplainer = {
  name: "prosody",
  options: [...READ_OPTIONS.keys(), ...OTHER_OPTIONS],
  modules: [...MODULES.keys()],
  advice:
    'a configuration for Chorus is written of this one by "chorusctl import prosody" (docs/migrating-from-prosody.md)',
  explain,
};

function explain({ kind, section, name, value }: ConfigSetting): SettingExplanation | undefined {
  switch (kind) {
    case "VirtualHost":
      return same();
    case "Component":
      return explainComponent(name);
    case "module":
      return explainModule(section, name);
    case "option":
      return explainOption(name, value);
  }
}

function explainOption(name: string, value: ConfigSetting["value"]): SettingExplanation | undefined {
  const known = READ_OPTIONS.get(name);
  if (!known) return explainOther(name);
  const { verdict, text, values = {} } = known;
  const special = typeof value === "string" && Object.hasOwn(values, value) ? values[value] : undefined;
  return special ?? (text === undefined ? { verdict } : { verdict, text });
}

function explainModule(section: string, name: string): SettingExplanation | undefined {
  const known = MODULES.get(name);
  if (section !== "*" || !/^muc(_|$)/.test(name) || known?.verdict === "not supported") return known;
  // Prosody's modules of rooms refuse to load there.
  return differently("gives every VirtualHost rooms of its own: name it in the section of the Component instead");
}

/** @param module its own one */
function explainComponent(module: string): SettingExplanation | undefined {
  if (module === "muc") return same();
  const known = MODULES.get(module);
  return known?.verdict === "same" ? notSupported("a component has rooms here, and nothing else") : known;
}
