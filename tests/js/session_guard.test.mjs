// The end of a sign-in, heard by whatever asks the server first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionGuard } from "../../dashboard/assets/session_guard.js";

/** A server that knows who is signed in, and counts what it is asked. */
function guarded({ signedIn = true, refuses = [] } = {}) {
  const server = { signedIn, asked: [], ended: 0 };
  const page = {
    fetch: async (asked) => {
      server.asked.push(asked.url ?? asked);
      const isRefused = !server.signedIn || refuses.includes(asked);
      return { status: isRefused ? 401 : 200 };
    },
  };
  const guard = new SessionGuard(page);
  guard.addEventListener("over", () => (server.ended += 1));
  guard.start();
  return { server, guard, ask: (...given) => page.fetch(...given) };
}

/** Whether an answer comes at all. */
async function isAnswered(answer) {
  const late = new Promise((resolve) => setTimeout(resolve, 20, "none"));
  return (await Promise.race([answer, late])) !== "none";
}

test("while the sign-in holds, everything passes", async () => {
  const { server, ask } = guarded();
  assert.equal((await ask("/_dash-update-component", { method: "POST" })).status, 200);
  assert.deepEqual([server.asked, server.ended], [["/_dash-update-component"], 0]);
});

test("a callback's 401 ends it, is not handed on, and nothing is asked after that", async () => {
  const { server, ask } = guarded({ signedIn: false });
  assert.equal(await isAnswered(ask(new Request("http://here/_dash-update-component"))), false);
  assert.equal(server.ended, 1);
  assert.equal(await isAnswered(ask("/api/incidents")), false);
  assert.deepEqual(server.asked, ["http://here/_dash-update-component", "/api/me"]);
});

test("what was asked before it ended is not answered after", async () => {
  const { server, guard, ask } = guarded();
  const asked = ask("/api/audit");
  guard.end();
  assert.equal(await isAnswered(asked), false);
  assert.equal(server.ended, 1);
});

test("a one-time token that is refused is no end of a sign-in", async () => {
  const { server, ask } = guarded({ refuses: ["/whep/17"] });
  assert.equal((await ask("/whep/17", { method: "POST" })).status, 401);
  assert.deepEqual([server.asked, server.ended], [["/whep/17", "/api/me"], 0]);
});

test("whoever signs out gets the answer, also when it had ended already", async () => {
  const { server, guard, ask } = guarded({ signedIn: false });
  assert.equal((await ask("/api/session", { method: "DELETE" })).status, 401);
  assert.equal(server.ended, 0);
  assert.equal((await ask("/api/me")).status, 401);
  assert.equal(server.ended, 1);
  guard.end();
  assert.equal(server.ended, 1);
  assert.equal((await ask("/api/session", { method: "DELETE" })).status, 401);
});
