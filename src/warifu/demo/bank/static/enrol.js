// The device's side of activation (docs/formats/activation.md), in a browser.

import { equal, fromBase32, fromBase64, randomBytes, sha256, toBase64, toBase64url, utf8 } from "./bytes.js";
import { post, settings, tell, why } from "./calling.js";
import { Tagged, decode, encode } from "./cbor.js";
import { contextDigest } from "./context.js";
import { assertionJson, make, sign } from "./passkey.js";

const PREFIX = "WARIFU1:";
const LOOK_MILLISECONDS = 1000;
const form = document.getElementById("enrol");
const pinned = settings(form, "pinned");
const words = settings(form, "words");
const show = (id) => { document.getElementById(id).hidden = false; };
const held = {};

class NoCode extends Error {}

function parts(text) {
  if (!text.startsWith(PREFIX)) throw new NoCode();
  try {
    const message = decode(fromBase32(text.slice(PREFIX.length)));
    if (!(message instanceof Tagged) || message.tag !== 18 || message.value.length !== 4) throw new NoCode();
    const [protectedHeader, , payload, signature] = message.value;
    return { protectedHeader, payload, signature, header: decode(protectedHeader) };
  } catch {
    throw new NoCode();
  }
}

// Before anything is sent to anybody: our key, our signature, our name; then the time.
async function readCode(text) {
  const { protectedHeader, payload, signature, header } = parts(text);
  for (const jwk of pinned.keys) {
    const algorithm = { name: "ECDSA", namedCurve: jwk.crv };
    const { kty, crv, x, y } = jwk;
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, algorithm, true, ["verify"]);
    const name = await sha256(new Uint8Array(await crypto.subtle.exportKey("spki", key)));
    if (!equal(name.slice(0, 8), header.get(4)) || header.get(1) !== -7) continue;
    const signed = encode(["Signature1", protectedHeader, new Uint8Array(), payload]);
    const isOurs = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed);
    const [domain, activation, verifier, expiresAt] = decode(payload);
    if (!isOurs || domain !== "warifu-activation-code-v1" || verifier !== pinned.verifier) throw new NoCode();
    return { activation, keyName: name, isLate: Date.now() / 1000 >= expiresAt };
  }
  throw new NoCode();
}

function step(name) {
  for (const item of document.querySelectorAll(".steps li")) {
    if (item.hasAttribute("aria-current")) item.className = "past";
    item.removeAttribute("aria-current");
  }
  document.getElementById(name).setAttribute("aria-current", "step");
}

async function enrol(code) {
  const nothing = { user: null, device: null, operation: null };
  const path = `/enrol/${toBase64url(code.activation)}`;
  const who = await post(`${path}/options`);
  const challenge = await contextDigest({
    verifier: pinned.verifier, channel: "app", purpose: "enrol", ...nothing, challenge: code.activation,
  });
  step("step-key");
  const made = await make({
    rp: pinned.rp, challenge, handle: fromBase64(who.handle), user: who.user, name: who.name,
    isPayment: who.kind === "secure-payment",
  });
  const nonce = randomBytes(32);
  const commitment = await sha256(
    encode(["warifu-activation-commitment-v1", code.activation, made.publicKey, nonce]),
  );
  // Only once the bank holds our commitment does it tell its own nonce.
  const revealed = await post(`${path}/commitment`, { commitment: toBase64(commitment) });
  const told = await post(`${path}/proof`, {
    nonce: toBase64(nonce), evidence: toBase64(utf8(JSON.stringify(made.json))), credential: made.id,
  });
  if (told.state !== "proved") throw Object.assign(new Error(), { reasons: told.reasons });
  const whole = await sha256(encode([
    "warifu-activation-fingerprint-v1", code.activation, code.keyName, made.publicKey,
    fromBase64(revealed.nonce), nonce,
  ]));
  let number = 0n;
  for (const octet of whole) number = (number << 8n) | BigInt(octet);
  Object.assign(held, { path, activation: code.activation, credential: made.id });
  held.digits = String(number % 100000000n).padStart(8, "0");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const code = await readCode(document.getElementById("code").value.trim());
    if (code.isLate) throw Object.assign(new NoCode(), { isLate: true });
    tell(words.ours, "good");
    await enrol(code);
    compare();
  } catch (error) {
    const isCode = error instanceof NoCode;
    const otherwise = isCode ? (error.isLate ? words.late : words.not_ours) : (error.reasons?.join(" ") ?? words.no_key);
    tell(why(error, otherwise), "bad");
    button.disabled = false;
    document.getElementById("code").focus();
  }
});

function compare() {
  form.hidden = true;
  step("step-digits");
  tell("");
  show("compare");
  document.getElementById("digits").textContent = `${held.digits.slice(0, 4)} ${held.digits.slice(4)}`;
  document.getElementById("compare-title").focus();
  setTimeout(look, LOOK_MILLISECONDS);
}

document.getElementById("same").addEventListener("click", async () => {
  setButtons(true);
  try {
    const signed = encode(["warifu-activation-confirmation-v1", held.activation, held.digits]);
    const made = await sign({ rp: pinned.rp, challenge: await sha256(signed), credentials: [held.credential] });
    const proof = toBase64(utf8(JSON.stringify(assertionJson(made))));
    await post(`${held.path}/confirm`, { fingerprint: held.digits, proof });
    held.isConfirmed = true;
    tell(words.waiting);
  } catch (error) {
    tell(why(error, words.no_key), "bad");
    setButtons(false);
  }
});

document.getElementById("differ").addEventListener("click", async () => {
  setButtons(true);
  try {
    await post(`${held.path}/reject`);
    tell(words.rejected, "bad");
  } catch (error) {
    tell(why(error, words.ended), "bad");
  }
});

function setButtons(isDisabled) {
  for (const id of ["same", "differ"]) document.getElementById(id).disabled = isDisabled;
}

// The bank's side may be confirmed before or after ours.
async function look() {
  const { state } = await (await fetch(`${held.path}/state`)).json();
  if (state === "bound") {
    document.getElementById("compare").hidden = true;
    tell("");
    show("done");
    document.getElementById("done-title").focus();
  } else if (["rejected", "expired", "exhausted", "cancelled"].includes(state)) {
    setButtons(true);
    tell(state === "rejected" ? words.rejected : words.ended, "bad");
  } else {
    setTimeout(look, LOOK_MILLISECONDS);
  }
}

// A link carries the code behind `#`, which is sent to no server.
if (location.hash.startsWith(`#${PREFIX}`)) {
  document.getElementById("code").value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
