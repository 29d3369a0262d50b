/**
 * Notes when the camera's mark is at the one place and when at the other: `[0 south or 1 north, milliseconds since 1970]`,
 * read from what the map has just drawn. To read it waits for the graphics card.
 */
async ({ step_lat: stepLat, green }) => {
  const NEAR = 40;
  const { Map: MapLibre } = await import("/static/lib/maplibre-gl/maplibre-gl.mjs");
  const seen = [];
  window.sightlineSeen = seen;
  const { fire } = MapLibre.prototype;
  const pixel = new Uint8Array(4);
  let last = -1;
  MapLibre.prototype.fire = function (event, ...rest) {
    const answer = fire.call(this, event, ...rest);
    if ((typeof event === "string" ? event : event.type) !== "render") return answer;
    const canvas = this.getCanvas();
    const gl = canvas.getContext("webgl2");
    const { lng, lat } = this.getCenter();
    for (const north of [0, 1]) {
      const { x, y } = this.project([lng, lat + north * stepLat]);
      const ratio = this.getPixelRatio();
      gl.readPixels(Math.round(x * ratio), canvas.height - Math.round(y * ratio), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      const isGreen = green.every((value, channel) => Math.abs(value - pixel[channel]) < NEAR);
      if (isGreen && north !== last) {
        seen.push([north, Date.now()]);
        last = north;
      }
    }
    return answer;
  };
}
