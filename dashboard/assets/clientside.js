/**
 * Lets Dash's clientside callbacks call the exports of our modules: ClientsideFunction("live_map", "mount")
 * is `mount` of live_map.js. A plain script, since Dash looks for the functions before modules have run.
 */
(() => {
  const names = document.currentScript.dataset.modules.split(" ").filter(Boolean);
  const known = (window.dash_clientside = window.dash_clientside || {});
  for (const name of names) {
    known[name] = new Proxy({}, {
      get: (_target, wanted) => async (...given) => {
        const module = await import(`/static/${name}.js`);
        return module[wanted](...given);
      },
    });
  }
})();
