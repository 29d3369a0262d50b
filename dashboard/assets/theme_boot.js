/** Sets the theme that was chosen last before anything is drawn, so that no page flashes in the other one. */
(() => {
  const theme = localStorage.getItem("sightline.theme") === "light" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.mantineColorScheme = theme;
})();
