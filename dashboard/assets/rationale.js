/** Headings for a rationale, offered and never demanded. */
import { typeInto } from "./drafted_forms.js";

/**
 * A heading of the decision model at the end of a rationale, on a line of its own.
 * @param {string} text
 * @param {string} heading
 * @returns {string}
 */
export function withHeading(text, heading) {
  const before = text.trimEnd();
  return `${before}${before ? "\n" : ""}${heading}: `;
}

/**
 * Put a heading into a text box, and go on writing there.
 * @param {HTMLTextAreaElement} box
 * @param {string} heading
 */
export function addHeading(box, heading) {
  typeInto(box, withHeading(box.value, heading));
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}
