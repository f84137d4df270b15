import { testAttached } from "./attached.js";
import { ejabberdIsMissing, startEjabberd } from "./ejabberd.js";

const BODY_LAST = "reaches its readers with the body last, as ejabberd writes messages anew";

testAttached("ejabberd 23.01", await ejabberdIsMissing(), startEjabberd, [
  {
    // Its preparation of resources is that of Unicode 3.2, which knows no emoji (RFC 3454 §7); no option changes that.
    script: "prosody/muc_nickname_robotface.scs",
    why: "does not reach Chorus: ejabberd refuses the nick as an address",
    failure: /^\S+:39: Roboteo receives: [^]*Bad value of attribute 'to' in tag &lt;presence\/&gt;/,
  },
  {
    script: "join-bad-nick.scs",
    why: "does not reach Chorus: ejabberd refuses the nicks as addresses",
    failure: /Ben receives: [^]*Bad value of attribute 'to' in tag &lt;presence\/&gt;/,
  },
  {
    script: "groupchat-forged.scs",
    why: BODY_LAST,
    failure: /\(message > body: expected <body\/>, got <keep\/>\)/,
  },
  {
    script: "moderation-refused.scs",
    why: BODY_LAST,
    failure: /\(message > body: expected <body\/>, got <occupant-id\/>\)/,
  },
  {
    script: "retraction.scs",
    why: BODY_LAST,
    failure: /\(message > body: expected <body\/>, got <occupant-id\/>\)/,
  },
]);
