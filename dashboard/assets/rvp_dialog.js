/**
 * Saying that a place is the RVP of an open incident.
 */
import { ApiError } from "./api.js";
import { h, say } from "./dom.js";
import { gridReference } from "./grid_reference.js";
import { metresBetween } from "./near_forecasts.js";
import { forgetHidden, openDialog } from "./plain_dialog.js";
import { placeName } from "./url_state.js";

const LONGEST_NAME = 200;

/**
 * The incidents, the nearest to a place first; those without a place last.
 * @param {import("./incidents.js").Incident[]} incidents
 * @param {{lat: number, lon: number}} place
 */
export function nearestFirst(incidents, place) {
  const away = (one) => (one.lat === null ? Infinity : metresBetween(place, one));
  return [...incidents].sort((one, other) => away(one) - away(other) || 0);
}

/**
 * Ask whose RVP it is and what it is called, and say so; or take it away. Resolves when the dialog is closed.
 * @param {object} asked
 * @param {import("./found_places.js").Place|null} asked.place null: only the name is known
 * @param {string} asked.name of the RVP, "" for none
 * @param {string} asked.of id of the incident that is meant at first, "" for the nearest
 * @param {boolean} asked.isThere whether it is the RVP of this incident already
 * @param {import("./incidents.js").Incidents} incidents
 * @param {typeof import("./api.js").call} call
 * @returns {Promise<string>} the id of the incident; "" where it was left
 */
export function askRvp({ place, name, of, isThere }, incidents, call) {
  const offered = isThere ? incidents.open.filter(({ id }) => String(id) === of) : nearestFirst(incidents.open, place);
  const choice = h(
    "select", { id: "rvp-of", class: "plain-field" },
    ...offered.map((one) => h("option", {
      value: String(one.id), text: [one.log_number, one.title, one.rvp && !isThere && "has an RVP, which this replaces"].filter(Boolean).join(" · "),
    })),
  );
  if (offered.some(({ id }) => String(id) === of)) choice.value = of;
  const called = h("input", { id: "rvp-name", class: "plain-field", type: "text", maxlength: String(LONGEST_NAME), autocomplete: "off", value: name });
  const answer = h("div", { class: "form-answer", role: "alert" });
  const save = h("button", { class: "button button-primary", type: "submit", text: isThere ? "Change its name" : "Make it the RVP" });
  const away = h("button", { class: "button", type: "button", text: "Take it away", onclick: () => send("DELETE") });
  const form = h("form", { class: "form", method: "dialog" });
  const where = place ? `At ${gridReference(place.lat, place.lon) || placeName(place.lat, place.lon)}. ` : "";
  const opened = openDialog("Rendezvous point", [
    h("p", { class: "faint", text: `${where}It stands in the command log, and on everybody's map of the incident.` }),
    h("label", { for: "rvp-of", text: "Of the incident" }), choice,
    h("label", { for: "rvp-name", text: "What is it called?" }), called,
    answer,
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Cancel", onclick: () => dialog.close("") }), isThere ? away : null, save),
  ], { form, focus: isThere ? called : choice });
  const { dialog, closed } = opened;
  forgetHidden(opened, incidents, choice);
  const send = async (method, body) => {
    save.disabled = away.disabled = true;
    try {
      const { id } = await call(method, `/api/incidents/${choice.value}/rvp`, body);
      dialog.close(String(id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(answer, error.message);
    } finally {
      save.disabled = away.disabled = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("PUT", { name: called.value.trim(), ...(place && { lat: place.lat, lon: place.lon }) });
  });
  return closed;
}
