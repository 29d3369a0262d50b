/**
 * Crowds on the graphics card: rectangles in the order in which they lie over each other, discs and the letters on them.
 */

/** Numbers of one rectangle: middle, half its sides, corners in the letters' picture, kind, radius. */
export const STRIDE = 10;
export const KIND = { disc: 0, count: 1, recording: 2 };

export const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec4 a_box;       // middle, half its sides: device pixels from the top left
layout(location = 1) in vec4 a_letter;    // corners in the picture of the letters, 0 to 1
layout(location = 2) in vec2 a_kind;      // kind; radius of a disc, device pixels
uniform vec2 u_size;                      // of the map, device pixels
out vec2 v_at;                            // from the middle, device pixels
out vec2 v_letter;
flat out int v_kind;
flat out float v_radius;

void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  v_at = (corner * 2.0 - 1.0) * a_box.zw;
  v_letter = mix(a_letter.xy, a_letter.zw, corner);
  v_kind = int(a_kind.x);
  v_radius = a_kind.y;
  vec2 place = (a_box.xy + v_at) / u_size * 2.0 - 1.0;
  gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
in vec2 v_at;
in vec2 v_letter;
flat in int v_kind;
flat in float v_radius;
uniform sampler2D u_letters;
uniform float u_edge;                     // width of a disc's edge, device pixels
uniform vec3 u_disc;
uniform vec3 u_rim;
uniform vec3 u_text;
uniform vec3 u_recording;
out vec4 o_colour;

const float COVERS = 0.94;

void main() {
  if (v_kind == ${KIND.disc}) {
    float d = length(v_at);
    float whole = clamp(0.5 + v_radius + u_edge - d, 0.0, 1.0);
    float rim = clamp(0.5 + d - v_radius, 0.0, 1.0);
    o_colour = vec4(mix(u_disc * COVERS, u_rim, rim), mix(COVERS, 1.0, rim)) * whole;
  } else {
    float cover = texture(u_letters, v_letter).a;
    o_colour = vec4(v_kind == ${KIND.count} ? u_text : u_recording, 1.0) * cover;
  }
  if (o_colour.a < 0.004) discard;
}`;
