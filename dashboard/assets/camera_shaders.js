/**
 * The marks of the cameras, drawn by the graphics card: one point a camera.
 *
 *     recording  filled disc      quality: colour, and a sign in the disc
 *     buffering  ring             quality: colour
 *     off        small dot
 *     unknown    diamond
 *     stale      dashed ring, whatever it was before
 *
 * The sign in the disc: good none, fair a dot, poor a bar, none a cross, unknown an upright bar. What is ageing fades.
 * A dotted ring outside means that the position is old, although the camera is heard of: it may be elsewhere by now.
 * A thin ring outside means that somebody watches, a double one that the officer asks for eyes on.
 */

/** Bytes of one camera: place, time heard, interval, time of the position, codes. */
export const STRIDE = 24;

export const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 a_place;     // from the origin, Web Mercator units
layout(location = 1) in vec2 a_heard;     // when last heard, seconds from the time base; interval, seconds
layout(location = 3) in float a_fixed;     // time of the position, seconds from the time base
layout(location = 2) in uvec4 a_codes;    // recording, quality, flags, shown

uniform vec2 u_offset;                    // origin from the map's centre, Web Mercator units
uniform vec2 u_scale;                     // units to clip space
uniform float u_now;                      // seconds from the time base
uniform float u_radius;                   // of a disc, CSS pixels
uniform float u_ratio;                    // device pixels in a CSS pixel
uniform int u_pass;                       // 0 the quiet, 1 buffering, 2 recording, 3 whoever asks for eyes on

flat out int v_shape;                     // 0 dot, 1 ring, 2 disc, 3 diamond, 4 dashed ring
flat out int v_quality;
flat out int v_flags;
flat out float v_alpha;
flat out int v_elsewhere;                 // 1: heard of still, but its position is old
flat out float v_half;                    // half of the point, CSS pixels

void main() {
  int recording = int(a_codes.x);
  float age = u_now - a_heard.x;
  float ageing = max(30.0, 2.0 * a_heard.y);
  float stale = max(120.0, 4.0 * a_heard.y);
  bool isStale = age > stale;
  v_shape = isStale ? 4 : recording == 3 ? 2 : recording == 2 ? 1 : recording == 1 ? 0 : 3;
  v_quality = int(a_codes.y);
  v_flags = int(a_codes.z);
  bool asks = (v_flags & 8) != 0;
  int pass = asks ? 3 : v_shape == 2 ? 2 : v_shape == 1 ? 1 : 0;
  if (a_codes.w == 0u || pass != u_pass) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }
  float fixed_age = max(age, u_now - a_fixed);
  v_elsewhere = !isStale && fixed_age > stale ? 1 : 0;
  v_alpha = isStale ? 0.85 : 1.0 - 0.45 * clamp((fixed_age - ageing) / (stale - ageing), 0.0, 1.0);
  v_half = u_radius + 8.0;
  vec2 place = (a_place + u_offset) * u_scale;
  gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
  gl_PointSize = 2.0 * v_half * u_ratio;
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
flat in int v_shape;
flat in int v_quality;
flat in int v_flags;
flat in float v_alpha;
flat in int v_elsewhere;
flat in float v_half;
uniform float u_radius;
uniform float u_ratio;
uniform float u_pulse;                    // 0 to 1
uniform vec3 u_colours[5];                // by quality: unknown, none, poor, fair, good
uniform vec3 u_quiet;                     // of cameras that are off, of unknown state, or stale
uniform vec3 u_halo;                      // parts a mark from the map
uniform vec3 u_watched;
uniform vec3 u_asks;
out vec4 o_colour;

/** Share of a pixel that lies inside a shape, from the distance to its edge in CSS pixels. */
float inside(float distance) { return clamp(0.5 - distance * u_ratio, 0.0, 1.0); }
float ring(float d, float radius, float width) { return inside(abs(d - radius) - 0.5 * width); }

vec4 colour = vec4(0.0);
void paint(vec3 with, float cover) {
  colour = vec4(with * cover, cover) + colour * (1.0 - cover);
}

void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0 * v_half;
  float d = length(p);
  float r = u_radius;
  vec3 tone = u_colours[v_quality];
  if (v_shape == 2) {
    paint(u_halo, inside(d - r - 1.5));
    paint(tone, inside(d - r));
    float sign = 0.0;
    if (r > 4.5) {
      float w = max(0.9, r * 0.17);
      if (v_quality == 3) sign = inside(d - r * 0.32);
      if (v_quality == 2) sign = inside(max(abs(p.y) - w, abs(p.x) - r * 0.62));
      if (v_quality == 1) {
        vec2 q = abs(vec2(p.x + p.y, p.x - p.y)) * 0.7071;
        sign = max(inside(max(q.x - w, q.y - r * 0.66)), inside(max(q.y - w, q.x - r * 0.66)));
      }
      if (v_quality == 0) sign = inside(max(abs(p.x) - w, abs(p.y) - r * 0.62));
    }
    paint(vec3(0.04, 0.06, 0.08), sign);
  } else if (v_shape == 1) {
    float rr = r * 0.86;
    paint(u_halo, ring(d, rr, 4.6));
    paint(u_halo, 0.55 * inside(d - rr));
    paint(tone, ring(d, rr, 2.0));
  } else if (v_shape == 0) {
    paint(u_halo, inside(d - r * 0.42 - 1.2));
    paint(u_quiet, inside(d - r * 0.42));
  } else if (v_shape == 3) {
    float edge = (abs(p.x) + abs(p.y)) * 0.7071 - r * 0.62;
    paint(u_halo, inside(edge - 1.4));
    paint(u_quiet, inside(abs(edge) - 0.9));
  } else {
    float rr = r * 0.86;
    float part = fract(atan(p.y, p.x) / 6.2831853 * 7.0);
    float dash = smoothstep(0.0, 0.08, part) * (1.0 - smoothstep(0.58, 0.66, part));
    paint(u_halo, ring(d, rr, 4.2));
    paint(u_quiet, dash * ring(d, rr, 1.9));
  }
  colour *= v_alpha;
  if (v_elsewhere == 1) {
    float part = fract(atan(p.y, p.x) / 6.2831853 * 10.0);
    paint(u_halo, ring(d, r + 3.4, 3.4));
    paint(u_quiet, step(0.45, part) * ring(d, r + 3.4, 1.6));
  }
  if ((v_flags & 4) != 0) {
    paint(u_halo, 0.8 * ring(d, r + 3.6, 2.8));
    paint(u_watched, ring(d, r + 3.6, 1.5));
  }
  if ((v_flags & 8) != 0) {
    paint(u_asks, ring(d, r + 3.4, 1.8));
    paint(u_asks, (0.35 + 0.65 * u_pulse) * ring(d, r + 6.6, 1.8));
  }
  if (colour.a < 0.004) discard;
  o_colour = colour;
}`;

/** Okabe–Ito by quality code, red, green and blue from 0 to 1; the yellow is deeper on a light map. */
export const PALETTES = {
  dark: {
    colours: ["#9aa7b1", "#e2692c", "#e69f00", "#f0e442", "#12b886"],
    quiet: "#8fa0ad", halo: "#0b1116", watched: "#56b4e9", asks: "#e38fbf",
  },
  light: {
    colours: ["#7d8890", "#d55e00", "#e69f00", "#e4cf14", "#009e73"],
    quiet: "#5c6b76", halo: "#ffffff", watched: "#0072b2", asks: "#b3457f",
  },
};

/** "#rrggbb" as three numbers from 0 to 1. */
export function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}
