import { getChild, type Element } from "chorus-muc";

/** Whether a message changes the subject and says nothing (XEP-0045 §8.1). */
export function isSubjectChange(message: Element): boolean {
  return getChild(message, "subject") !== undefined && !getChild(message, "body") && !getChild(message, "thread");
}
