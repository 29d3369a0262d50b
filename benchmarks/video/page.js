/**
 * Notes what the streams in the page's dock do, as `window.sightlineBench`; all times in milliseconds since 1970 UTC.
 *
 * - `pressedMs`: when the dialog's button was last pressed.
 * - `tiles`: of each stream in the order of opening, `{addedMs, answeredMs, shown, strip, states, words}`: when the server had
 *   opened it, when the relay had answered, when each picture was there to be composed, the strip of each that was read, and
 *   `[what, when]` for each change of its state and of its word.
 * - `readStrips`: whether to read the clock that the camera painted into each picture.
 */
() => {
  const CELL = 16, CELLS = 30;
  const bench = { pressedMs: 0, tiles: [], readStrips: false };
  window.sightlineBench = bench;
  const nowMs = () => performance.timeOrigin + performance.now();
  const pen = new OffscreenCanvas(CELL * CELLS, CELL).getContext("2d", { willReadFrequently: true });

  const strip = (video) => {
    pen.drawImage(video, 0, 0, CELL * CELLS, CELL, 0, 0, CELL * CELLS, CELL);
    const row = pen.getImageData(0, CELL / 2, CELL * CELLS, 1).data;
    return Array.from({ length: CELLS }, (_, cell) => row[(cell * CELL + CELL / 2) * 4]);
  };

  const noteTile = (tile) => {
    const noted = { addedMs: nowMs(), answeredMs: 0, shown: [], strip: [], states: [], words: [] };
    bench.tiles.push(noted);
    const video = tile.querySelector("video");
    const next = () => video.requestVideoFrameCallback((now, { expectedDisplayTime }) => {
      noted.shown.push(nowMs());
      // The clock that the camera paints is the wall's; the display may be yet to come.
      if (bench.readStrips) noted.strip.push([Date.now() + Math.max(0, expectedDisplayTime - now), strip(video)]);
      next();
    });
    next();
    const picture = tile.querySelector(".tile-picture");
    const look = () => {
      for (const [notes, value] of [[noted.states, tile.dataset.state], [noted.words, picture.dataset.word]]) {
        if (value && notes.at(-1)?.[0] !== value) notes.push([value, nowMs()]);
      }
    };
    new MutationObserver(look).observe(tile, { subtree: true, attributeFilter: ["data-state", "data-word"] });
    look();
  };

  new PerformanceObserver((requests) => {
    for (const { name, responseEnd } of requests.getEntries()) {
      const last = bench.tiles.at(-1);
      if (last && !last.answeredMs && name.includes("/whep/")) last.answeredMs = performance.timeOrigin + responseEnd;
    }
  }).observe({ type: "resource" });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#stream-open")) bench.pressedMs = performance.timeOrigin + event.timeStamp;
  }, { capture: true });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.matches?.(".tile")) noteTile(node);
    }
  }).observe(document.getElementById("dock"), { childList: true, subtree: true });
}
