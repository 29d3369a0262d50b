/** Signs in by POST /api/session, or in a demonstration by role, and goes on to where the user wanted to go. */

const door = document.querySelector(".door");
const problem = document.getElementById("problem");
const away = document.getElementById("away");

/**
 * Show what went wrong, or nothing.
 * @param {string} sentence
 */
function say(sentence) {
  problem.textContent = sentence;
  problem.hidden = sentence === "";
}

/**
 * Ask for a session; on success leave this page.
 * @param {string} path
 * @param {Object<string, string>} body
 * @param {HTMLFormElement} form whose buttons wait meanwhile
 */
async function askForSession(path, body, form) {
  const buttons = [...form.querySelectorAll("button")];
  buttons.forEach((button) => { button.disabled = true; });
  say("");
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      window.location.replace(door.dataset.next);
      return;
    }
    const document_ = await answer.json();
    away.hidden = answer.status !== 503;
    say(answer.status === 503 ? "" : document_.detail);
  } catch {
    say("Sightline cannot be reached. Check the network, then try again.");
  }
  buttons.forEach((button) => { button.disabled = false; });
}

document.getElementById("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  askForSession("/api/session", { username: form.username.value.trim(), password: form.password.value }, form);
});

document.getElementById("demo").addEventListener("submit", (event) => {
  event.preventDefault();
  askForSession("/api/session/demo", { role: event.submitter.value }, event.currentTarget);
});

// A link from another site arrives without the cookie (SameSite=Strict), although the user is signed in.
if (document.referrer !== "" && new URL(document.referrer).origin !== window.location.origin) {
  const answer = await fetch("/api/me");
  if (answer.ok) window.location.replace(door.dataset.next);
}
