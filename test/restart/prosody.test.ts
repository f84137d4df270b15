import { prosodyIsMissing, startProsody } from "../peers/prosody.js";
import { testRestartAttached } from "./attached.js";

testRestartAttached("Prosody 0.12", prosodyIsMissing(), startProsody);
