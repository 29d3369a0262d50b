/**
 * Calls of our own HTTP API: with the session's CSRF token, and with errors as sentences.
 */

/** The server refused, or could not be reached; `message` is a sentence for a person. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status HTTP status; 0: the server could not be reached
   * @param {object} [problem] the problem document
   */
  constructor(message, status, problem = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "";
    this.field = problem.field ?? "";
  }
}

/** @param {string} name of a cookie that scripts may read */
function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the answer's JSON, null where it has none
 * @throws {ApiError}
 */
export async function call(method, path, body, { signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = cookie("sightline_csrf");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("Sightline cannot be reached from here; nothing was done.", 0);
  }
  const text = await response.text();
  if (response.ok) return text ? JSON.parse(text) : null;
  const problem = parsed(text);
  throw new ApiError(problem.detail ?? `The server answered with HTTP ${response.status}.`, response.status, problem);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
