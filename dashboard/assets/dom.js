/**
 * Making and finding elements, without HTML in strings.
 */

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `class`, `text`, `on…` listeners, any other attribute; null and false are left out
 * @param {...(Node|string|null|undefined)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** @param {() => void} onclick */
export function closeButton(onclick) {
  return h(
    "button", { class: "icon-button", type: "button", title: "Close", onclick },
    h("span", { class: "glyph-close", "aria-hidden": "true" }), h("span", { class: "unseen", text: "Close" }),
  );
}

/** Set the text only where it differs, so that nothing is laid out for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set or take away an attribute only where it differs. */
export function mark(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * The element with this id, as soon as there is one.
 * @param {string} id
 * @returns {Promise<HTMLElement>}
 */
export function present(id) {
  const found = document.getElementById(id);
  if (found) return Promise.resolve(found);
  return new Promise((resolve) => {
    const watch = new MutationObserver(() => {
      const element = document.getElementById(id);
      if (!element) return;
      watch.disconnect();
      resolve(element);
    });
    watch.observe(document.body, { childList: true, subtree: true });
  });
}

/** Set properties of a Dash component. */
export function setProps(id, props) { window.dash_clientside.set_props(id, props); }

/**
 * Go to another page of ours the way dcc.Link does. Not by the properties of dcc.Location: pages that keep their address
 * by `replaceState` leave its `href` behind, and Dash would put that into the address instead.
 * @param {string} address path and query
 */
export function goTo(address) {
  window.history.pushState({}, "", address);
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}

/**
 * Have the live map show something: where it is shown, it is asked; from any other page the way leads there.
 * @param {string} event that the map listens for, and prevents
 * @param {string} name of the same in its address
 * @param {string} detail
 */
export function toMap(event, name, detail) {
  if (window.dispatchEvent(new CustomEvent(event, { detail, cancelable: true }))) goTo(`/map?${new URLSearchParams({ [name]: detail })}`);
}

/** Have screen readers say something once. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = text;
}
