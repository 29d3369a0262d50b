/**
 * Saying that a place is the RVP of an open incident.
 */
import { ApiError } from "./api.js";
import { mercatorX, mercatorY } from "./camera_store.js";
import { h, say } from "./dom.js";
import { gridReference } from "./grid_reference.js";
import { forgetHidden, openDialog } from "./plain_dialog.js";
import { placeName } from "./url_state.js";

const LONGEST_NAME = 200;

/**
 * The incidents, the nearest to a place first; those without a place last.
 * @param {import("./incidents.js").Incident[]} incidents
 * @param {{lat: number, lon: number}} place
 */
export function nearestFirst(incidents, { lat, lon }) {
  const away = (one) => (one.lat === null ? Infinity : Math.hypot(mercatorX(one.lon) - mercatorX(lon), mercatorY(one.lat) - mercatorY(lat)));
  return [...incidents].sort((one, other) => (away(one) < away(other) ? -1 : Number(away(one) > away(other))));
}

/**
 * Ask whose RVP it is and what it is called, and say so. Resolves when the dialog is closed.
 * @param {import("./found_places.js").Place} place
 * @param {import("./incidents.js").Incidents} incidents
 * @param {typeof import("./api.js").call} call
 * @returns {Promise<string>} the id of the incident; "" where it was left
 */
export function askRvp(place, incidents, call) {
  const isNamed = place.name !== placeName(place.lat, place.lon);
  const choice = h(
    "select", { id: "rvp-of", class: "plain-field" },
    ...nearestFirst(incidents.open, place).map((one) => h("option", { value: String(one.id), text: [one.log_number, one.title].filter(Boolean).join(" · ") })),
  );
  const name = h("input", { id: "rvp-name", class: "plain-field", type: "text", maxlength: String(LONGEST_NAME), autocomplete: "off", value: isNamed ? place.name : "" });
  const answer = h("div", { class: "form-answer", role: "alert" });
  const save = h("button", { class: "button button-primary", type: "submit", text: "Make it the RVP" });
  const form = h("form", { class: "form", method: "dialog" });
  const opened = openDialog("Rendezvous point", [
    h("p", { class: "faint", text: `At ${gridReference(place.lat, place.lon) || place.name}. It stands in the command log, and on everybody's map of the incident.` }),
    h("label", { for: "rvp-of", text: "Of the incident" }), choice,
    h("label", { for: "rvp-name", text: "What is it called?" }), name,
    answer,
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Cancel", onclick: () => dialog.close("") }), save),
  ], { form, focus: choice });
  const { dialog, closed } = opened;
  forgetHidden(opened, incidents, choice);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    try {
      const { id } = await call("PUT", `/api/incidents/${choice.value}/rvp`, { name: name.value.trim(), lat: place.lat, lon: place.lon });
      dialog.close(String(id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(answer, error.message);
    } finally {
      save.disabled = false;
    }
  });
  return closed;
}
