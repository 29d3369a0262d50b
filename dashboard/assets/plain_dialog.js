/**
 * A dialog of the browser's own, with a title; it is gone from the page when it is closed.
 */
import { h } from "./dom.js";

let number = 0;

/**
 * Open it.
 * @param {string} title
 * @param {Array<Node|null>} content below the title
 * @param {object} [given]
 * @param {HTMLElement|null} [given.form] the content and its title lie in it
 * @param {HTMLElement} [given.focus] what has the keyboard at first
 * @returns {{dialog: HTMLDialogElement, closed: Promise<string>}} resolves with what it was closed with, "" where it was left
 */
export function openDialog(title, content, { form = null, focus } = {}) {
  number += 1;
  const id = `plain-dialog-${number}`;
  const inside = [h("h2", { id, text: title }), ...content.filter((part) => part !== null)];
  const dialog = h("dialog", { class: "plain-dialog", role: "dialog", "aria-labelledby": id });
  if (form) {
    form.append(...inside);
    dialog.append(form);
  } else {
    dialog.append(...inside);
  }
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
  document.body.append(dialog);
  dialog.showModal();
  focus?.focus();
  return { dialog, closed };
}

/**
 * Incidents that are closed, or not the user's to see any more, are no choice in a dialog; it closes if it is about one.
 * @param {{dialog: HTMLDialogElement, closed: Promise<string>}} opened
 * @param {import("./incidents.js").Incidents|null} incidents
 * @param {HTMLSelectElement} select incidents by id
 * @param {string} [about] id of the incident that its words name
 */
export function forgetHidden({ dialog, closed }, incidents, select, about = "") {
  if (!incidents) return;
  const look = () => {
    const hidden = [...select.options].filter(({ value }) => value && !incidents.byId(value));
    const isAbout = (about && !incidents.byId(about)) || hidden.some((option) => option.selected);
    for (const option of hidden) option.remove();
    if (isAbout) dialog.close("");
  };
  incidents.addEventListener("change", look);
  closed.then(() => incidents.removeEventListener("change", look));
}
