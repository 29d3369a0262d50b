/**
 * What stands beside the map while nobody is selected: the framed incident, or the chosen place.
 * Events: `request`: negotiators are wanted; `close`; `show-rvp` (detail: its place); `rvp` (detail: id of the incident that has a
 * new one).
 */
import { IncidentCard } from "./incident_card.js";
import { PlaceCard } from "./place_card.js";
import { askRvp } from "./rvp_dialog.js";
import { placeName } from "./url_state.js";

export class ScenePanel extends EventTarget {
  #app;
  #call;
  #incident;
  #place;
  #shown = { incident: null, place: null };
  /** Id of the incident that was framed last. */
  #framed = "";

  /**
   * @param {object} given
   * @param {typeof import("./app.js").app} given.app
   * @param {typeof import("./api.js").call} given.call
   */
  constructor({ app, call }) {
    super();
    this.#app = app;
    this.#call = call;
    this.#incident = new IncidentCard({ app });
    this.#place = new PlaceCard({ app });
    this.#incident.addEventListener("request", () => this.#tell("request"));
    this.#incident.addEventListener("show-rvp", () => this.#tell("show-rvp", this.#shown.incident?.rvp));
    this.#incident.addEventListener("change-rvp", () => this.#changeRvp());
    for (const card of [this.#incident, this.#place]) card.addEventListener("close", () => this.#tell("close"));
    this.#place.addEventListener("rvp", () => this.#askRvp());
  }

  /**
   * @param {object} given
   * @param {import("./incidents.js").Incident|null} given.incident that is framed
   * @param {import("./found_places.js").Place|null} given.place that was chosen
   * @param {number} given.nowMs the server's time
   * @returns {HTMLElement|null} null where neither is
   */
  draw({ incident, place, nowMs }) {
    this.#shown = { incident, place };
    if (incident) this.#framed = String(incident.id);
    if (place) {
      this.#place.draw(place, nowMs);
      return this.#place.element;
    }
    if (!incident) return null;
    this.#incident.draw(incident, nowMs);
    return this.#incident.element;
  }

  /** The chosen place becomes an RVP, of the incident that was framed last or else of the nearest. */
  #askRvp() {
    const { place } = this.#shown;
    const isNamed = place.name !== placeName(place.lat, place.lon);
    return this.#ask({ place, name: isNamed ? place.name : "", of: this.#framed, isThere: false });
  }

  #changeRvp() {
    const { id, rvp } = this.#shown.incident;
    return this.#ask({ place: rvp.lat === null ? null : rvp, name: rvp.name, of: String(id), isThere: true });
  }

  async #ask(asked) {
    const id = await askRvp(asked, this.#app.incidents, this.#call);
    if (id === "") return;
    await this.#app.incidents.readNow();
    this.#tell("rvp", id);
    this.#incident.element.querySelector("button").focus();
  }

  #tell(kind, detail = null) { this.dispatchEvent(new CustomEvent(kind, { detail })); }
}
