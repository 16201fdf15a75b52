import { fromBase64, toBase64, utf8 } from "./bytes.js";
import { post, settings, tell, why } from "./calling.js";
import { contextDigest } from "./context.js";
import { assertionJson, sign } from "./passkey.js";

const button = document.getElementById("login");

async function logIn() {
  const pinned = settings(button, "pinned");
  const asked = await post("/login/challenge");
  // The device puts together itself what it answers: for this bank, this person, this purpose.
  const challenge = await contextDigest({
    verifier: pinned.verifier,
    channel: asked.channel,
    purpose: asked.purpose,
    user: asked.user,
    device: asked.device,
    operation: fromBase64(asked.operation),
    challenge: fromBase64(asked.challenge),
  });
  const made = await sign({ rp: pinned.rp, challenge, credentials: asked.credentials });
  const assertion = toBase64(utf8(JSON.stringify(assertionJson(made))));
  const answer = await post("/login", { challenge: asked.id, assertion });
  location.assign(answer.next);
}

button?.addEventListener("click", async () => {
  button.disabled = true;
  tell(button.dataset.working);
  try {
    await logIn();
  } catch (error) {
    tell(why(error, button.dataset.refused), "bad");
    button.disabled = false;
    button.focus();
  }
});
