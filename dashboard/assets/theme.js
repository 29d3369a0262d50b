/**
 * Dark or light: kept in this browser, told to the page, Mantine and whoever listens to `sightline:theme`.
 */
import { setProps } from "./dom.js";

const KEY = "sightline.theme";

/** @returns {"dark"|"light"} */
export function theme() { return document.documentElement.dataset.theme === "light" ? "light" : "dark"; }

/** @param {"dark"|"light"} wanted */
export function setTheme(wanted) {
  localStorage.setItem(KEY, wanted);
  document.documentElement.dataset.theme = wanted;
  document.documentElement.dataset.mantineColorScheme = wanted;
  setProps("theme-provider", { forceColorScheme: wanted });
  window.dispatchEvent(new CustomEvent("sightline:theme", { detail: wanted }));
}

/**
 * The header's switch.
 * @param {HTMLElement} button
 */
export function mountThemeSwitch(button) {
  const label = () => {
    const words = theme() === "dark" ? "Light theme" : "Dark theme";
    button.title = words;
    button.querySelector("span").textContent = words;
  };
  button.addEventListener("click", () => {
    setTheme(theme() === "dark" ? "light" : "dark");
    label();
  });
  setProps("theme-provider", { forceColorScheme: theme() });
  label();
}
