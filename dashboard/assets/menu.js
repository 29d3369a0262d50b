/**
 * The header's menu on narrow screens: a button that names the page shown and opens the links to the others, the
 * theme and signing out. On wide screens all of that lies open, and the button is not shown.
 */
import { mark, say } from "./dom.js";

let button = null;
let header = null;
let pageName = "";

/** @param {HTMLElement} menuButton @param {HTMLElement} headerElement that opens */
export function mountMenu(menuButton, headerElement) {
  button = menuButton;
  header = headerElement;
  nameMenu(pageName);
  button.addEventListener("click", () => show(header.dataset.menu !== "open"));
  header.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || header.dataset.menu !== "open") return;
    event.stopPropagation(); // it closes nothing else
    show(false);
    button.focus();
  });
  // Also the link to the page that is shown already, after which no page appears.
  header.addEventListener("click", (event) => { if (event.target.closest("#navigation a")) show(false); });
}

export function closeMenu() { if (button) show(false); }

/** @param {string} page that is shown */
export function nameMenu(page) {
  pageName = page;
  if (button) say(button.querySelector(".menu-page"), page || "Pages");
}

function show(isOpen) {
  mark(header, "data-menu", isOpen ? "open" : null);
  mark(button, "aria-expanded", String(isOpen));
}
