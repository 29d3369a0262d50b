/**
 * Loaded before a server that can only be told its port: it listens on this machine alone.
 */
"use strict";

const { Server } = require("node:net");

const listen = Server.prototype.listen;

/**
 * @param {unknown} where A port, or anything else that Node takes.
 * @param {...unknown} more
 * @returns {import("node:net").Server}
 */
Server.prototype.listen = function (where, ...more) {
  const saysNoHost = typeof where === "number" && typeof more[0] !== "string";
  return listen.call(this, where, ...(saysNoHost ? ["127.0.0.1"] : []), ...more);
};
