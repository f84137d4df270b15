import { prosodyIsMissing, startProsody } from "../peers/prosody.js";
import { testOutage } from "./outage.js";

testOutage("Prosody 0.12", prosodyIsMissing(), startProsody);
