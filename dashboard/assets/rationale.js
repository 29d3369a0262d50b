/** Headings for a rationale, offered and never demanded. */

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
 * Put a heading into a text box that React controls, and go on writing there.
 * @param {HTMLTextAreaElement} box
 * @param {string} heading
 */
export function addHeading(box, heading) {
  // React hears of a changed value only through the element's own setter.
  const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
  set.call(box, withHeading(box.value, heading));
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}
