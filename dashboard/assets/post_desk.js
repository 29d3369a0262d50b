/**
 * The post in the header (Oscar 1): who holds it, handing it over with all that is open, accepting it.
 */
import { openPastAlerts } from "./alert_history.js";
import { alertWords } from "./alert_words.js";
import { ApiError } from "./api.js";
import { ago } from "./ages.js";
import { announce, h, say } from "./dom.js";
import { openDialog } from "./plain_dialog.js";

const ANEW_EVERY_MS = 15_000;
const MOST_LINES = 6;

/**
 * @typedef {object} Post
 * @property {string} code
 * @property {string} name
 * @property {string|null} holder
 * @property {string|null} held_by
 * @property {string|null} since
 * @property {string|null} offered_to_name
 * @property {boolean} is_mine
 * @property {boolean} is_offered_to_me
 */

/**
 * What stands beside the role in the header: the post that is held, what is offered, or that none is held.
 * @param {Post[]} posts of the user's role
 */
export function deskWords(posts) {
  const offered = posts.find((post) => post.is_offered_to_me);
  if (offered) return `· ${offered.name} is offered to you`;
  const mine = posts.find((post) => post.is_mine);
  if (mine?.offered_to_name) return `${mine.name}: offered to ${mine.offered_to_name}`;
  if (mine) return mine.name;
  return posts.length ? "without a post" : "";
}

/**
 * What is open, in lines: the first few of each kind, and how many more.
 * @param {{incidents: Array<object>, alerts: Array<object>, streams: Array<object>}} along
 */
export function alongLines({ incidents, alerts, streams }) {
  const kinds = [
    ["incident", incidents, ({ log_number: log, title }) => [log, title].filter(Boolean).join(" · ")],
    ["alert", alerts, (alert) => `${alertWords(alert)}: ${alert.state}`],
    ["stream", streams, ({ camera, viewer }) => [camera, viewer].filter(Boolean).join(" · ")],
  ];
  return kinds.map(([kind, list, words]) => ({
    title: `${list.length} open ${kind}${list.length === 1 ? "" : "s"}`,
    lines: list.slice(0, MOST_LINES).map(words),
    more: Math.max(0, list.length - MOST_LINES),
  }));
}

export class PostDesk {
  #button;
  #call;
  #nowMs;
  #mayAlerts;
  /** @type {Post[]} */
  #posts = [];
  #colleagues = [];
  #announced = "";

  /**
   * @param {HTMLElement} button of the header
   * @param {{call: typeof import("./api.js").call, nowMs: () => number, mayAlerts: boolean}} given
   */
  constructor(button, { call, nowMs, mayAlerts }) {
    this.#button = button;
    this.#call = call;
    this.#nowMs = nowMs;
    this.#mayAlerts = mayAlerts;
  }

  /** Does nothing more where the role has no posts. */
  async start() {
    this.#button.addEventListener("click", () => this.#open());
    await this.#read();
    if (this.#posts.length === 0) return;
    window.addEventListener("sightline:event", ({ detail }) => { if (detail.event === "post") this.#read(); });
    setInterval(() => this.#read(), ANEW_EVERY_MS);
  }

  async #read() {
    try {
      ({ posts: this.#posts, colleagues: this.#colleagues } = await this.#call("GET", "/api/posts"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return; // the health pill says what is wrong
    }
    const words = deskWords(this.#posts);
    this.#button.disabled = words === "";
    if (words) say(this.#button, `${this.#button.dataset.role} ${words}`);
    const isOffered = this.#posts.some((post) => post.is_offered_to_me);
    this.#button.toggleAttribute("data-offered", isOffered);
    if (isOffered && words !== this.#announced) announce(words);
    this.#announced = words;
  }

  async #open() {
    await this.#read();
    const answer = h("div", { class: "form-answer", role: "alert" });
    const along = h("div", { class: "post-along" }, h("p", { class: "faint", text: "Reading what is open…" }));
    const act = async (post, action, body) => {
      try {
        await this.#call("POST", `/api/posts/${post.code}/${action}`, body);
        dialog.close();
        await this.#read();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        say(answer, error.message);
      }
    };
    const { dialog } = openDialog("Posts", [
      ...this.#posts.map((post) => this.#row(post, act)),
      along, answer,
      h(
        "div", { class: "form-buttons" },
        this.#mayAlerts ? h("button", { class: "button", type: "button", text: "Past alerts…", onclick: () => openPastAlerts({ call: this.#call, nowMs: this.#nowMs }) }) : null,
        h("button", { class: "button", type: "button", text: "Close", onclick: () => dialog.close() }),
      ),
    ]);
    try {
      along.replaceChildren(...alongLines(await this.#call("GET", "/api/posts/going-along")).map(section));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      along.replaceChildren(h("p", { text: `What is open could not be read. ${error.message}` }));
    }
  }

  #row(post, act) {
    const button = (text, action, kind = "") => h("button", { class: `button button-small ${kind}`, type: "button", text, onclick: () => act(post, action) });
    const held = post.holder ? `${post.is_mine ? "You" : post.held_by}, since ${ago((this.#nowMs() - Date.parse(post.since)) / 1000)}` : "Nobody holds it";
    const offered = post.offered_to_name && `offered to ${post.is_offered_to_me ? "you" : post.offered_to_name}`;
    const actions = h("div", { class: "form-buttons" });
    if (!post.holder) actions.append(button("Take it", "take", "button-primary"));
    if (post.is_offered_to_me) actions.append(button("Accept", "accept", "button-primary"), button("Decline", "withdraw"));
    if (post.is_mine && post.offered_to_name) actions.append(button("Withdraw", "withdraw"));
    if (post.is_mine && !post.offered_to_name) actions.append(...this.#handOver(post, act), this.#leave(post, act));
    return h(
      "section", { class: "post-row", "aria-label": post.name },
      h("h3", { text: post.name }), h("p", { text: [held, offered].filter(Boolean).join(" · ") }), actions,
    );
  }

  /** Asked once more: what is open there would be nobody's. */
  #leave(post, act) {
    let isSure = false;
    const leave = h("button", {
      class: "button button-small", type: "button", text: "Leave it",
      onclick: () => {
        if (isSure) act(post, "leave");
        isSure = true;
        say(leave, "Leave it with nobody there");
        announce("Nobody would hold the post. Press again to leave it.");
      },
    });
    return leave;
  }

  #handOver(post, act) {
    const to = h(
      "select", { class: "plain-field", "aria-label": `Hand ${post.name} over to` },
      h("option", { value: "", text: "Hand over to…" }),
      ...this.#colleagues.map(({ username, name, is_here: isHere }) => h("option", { value: username, text: isHere ? name : `${name} (not signed in)` })),
    );
    const offer = h("button", {
      class: "button button-small button-primary", type: "button", text: "Offer", disabled: true,
      onclick: () => act(post, "offer", { to: to.value }),
    });
    to.addEventListener("change", () => { offer.disabled = to.value === ""; });
    if (this.#colleagues.length === 0) {
      say(to.firstChild, "Nobody else");
      to.disabled = true;
    }
    return [to, offer];
  }
}

function section({ title, lines, more }) {
  return h(
    "section", {}, h("h3", { text: title }),
    h("ul", {}, ...lines.map((text) => h("li", { text })), more ? h("li", { text: `and ${more} more` }) : null),
  );
}
