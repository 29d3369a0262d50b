/**
 * A program for the graphics card out of its two shaders.
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertex
 * @param {string} fragment
 * @param {string} what cannot be drawn if it fails, for the message
 * @returns {WebGLProgram}
 * @throws {Error} what the compiler or the linker said; not where the card was lost meanwhile
 */
export function linkedProgram(gl, vertex, fragment, what) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(`${what} cannot be drawn: ${gl.getShaderInfoLog(shader)}`);
    }
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`${what} cannot be drawn: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
