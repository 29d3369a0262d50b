/**
 * Lets Dash's clientside callbacks call the exports of our modules: ClientsideFunction("live_map", "mount")
 * is `mount` of live_map.js. A plain script, since Dash looks for the functions before modules have run.
 */
(() => {
  const sayNotLoaded = (name) => {
    const banner = document.getElementById("banner");
    if (!banner) return;
    banner.textContent = `A part of this page (${name}) could not be loaded, so what you see may be out of date and buttons may do nothing. Reload the page.`;
    banner.hidden = false;
  };
  const names = document.currentScript.dataset.modules.split(" ").filter(Boolean);
  const known = (window.dash_clientside = window.dash_clientside || {});
  for (const name of names) {
    known[name] = new Proxy({}, {
      get: (_target, wanted) => async (...given) => {
        const module = await import(`/static/${name}.js`).catch((error) => {
          sayNotLoaded(name);
          throw error;
        });
        return module[wanted](...given);
      },
    });
  }
})();
