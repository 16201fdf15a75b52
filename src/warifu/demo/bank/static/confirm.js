// Shows what the bytes say, and signs the answer to those bytes (docs/formats/confirmation.md).

import { fromBase64, sha256, toBase64, toHex } from "./bytes.js";
import { post, settings, tell, why } from "./calling.js";
import { decode, encode } from "./cbor.js";
import { sign } from "./passkey.js";

const OK = 1;
const NG = 2;
const place = document.getElementById("confirm");
const pinned = settings(place, "pinned");
const words = settings(place, "words");
const data = fromBase64(pinned.transaction);
const buttons = [...place.querySelectorAll("button")];
const own = (response) => ["clientDataJSON", "authenticatorData", "signature"].map((name) => new Uint8Array(response[name]));

// What is shown comes from the bytes that are signed, and from nowhere else: key 23 is their text.
async function show() {
  const item = decode(data);
  const lines = item.get(23).split("\n");
  const isValue = (line) => line?.startsWith("  ");
  lines.forEach((line, index) => {
    const paragraph = document.createElement("p");
    const kind = isValue(line) ? "value" : isValue(lines[index + 1]) ? "label" : "intro";
    paragraph.className = `line ${kind}`;
    paragraph.textContent = line;
    document.getElementById("text").append(paragraph);
  });
  const [minor, currency] = item.get(11);
  const amount = minor.toLocaleString("en-US");
  document.getElementById("amount").textContent = item.get(10) === 1 ? `${amount}円` : `${currency} ${amount}`;
  document.getElementById("to").textContent = item.get(12).get(1);
  document.getElementById("digest").textContent = toHex(await sha256(data)).slice(0, 16) + "…";
}

// Secure Payment Confirmation: the browser itself shows amount and payee, and cannot sign a refusal.
async function pay(challenge) {
  const item = decode(data);
  const [minor, currency] = item.get(11);
  const { payment, credentials, rp } = pinned;
  const method = {
    supportedMethods: "secure-payment-confirmation",
    data: {
      rpId: rp,
      credentialIds: [fromBase64(credentials["secure-payment"])],
      challenge,
      instrument: {
        displayName: payment.instrument.display_name,
        icon: payment.instrument.icon,
        iconMustBeShown: false,
      },
      payeeName: item.get(12).get(1),
      timeout: 60000,
    },
  };
  const total = { label: "Total", amount: { currency, value: String(minor) } };
  try {
    const request = new PaymentRequest([method], { total });
    if (!(await request.canMakePayment())) return null;
    const shown = await request.show();
    await shown.complete("success");
    return shown.details;
  } catch (error) {
    // A person who closes the window has not approved; a browser that has no such window is no person.
    if (error.name === "NotSupportedError") return null;
    throw error;
  }
}

async function prove(bytes, verdict) {
  const challenge = await sha256(bytes);
  const mayPay = verdict === OK && pinned.payment && window.PaymentRequest;
  const paid = mayPay ? await pay(challenge) : null;
  if (paid) return { kind: "secure-payment", response: paid.response };
  const credentials = [pinned.credentials.webauthn];
  const made = await sign({ rp: pinned.rp, challenge, credentials, verifies: verdict === OK });
  return { kind: "webauthn", response: made.response };
}

async function answer(verdict, reason) {
  const members = [[1, 1], [2, await sha256(data)], [3, verdict]];
  if (reason) members.push([4, reason]);
  const bytes = encode(new Map(members));
  const { kind, response } = await prove(bytes, verdict);
  const [clientData, authenticatorData, signature] = own(response);
  const proof = encode(new Map([[1, bytes], [2, clientData], [3, authenticatorData], [4, signature]]));
  const told = await post(pinned.answer, { kind, data: toBase64(proof) });
  location.assign(told.next);
}

async function press(button, verdict, reason) {
  for (const each of buttons) each.disabled = true;
  tell(words.working);
  try {
    await answer(verdict, reason);
  } catch (error) {
    tell(why(error, words.stopped), "bad");
    for (const each of buttons) each.disabled = false;
    button.focus();
  }
}

const okay = document.getElementById("ok");
const refuse = document.getElementById("ng");
okay.addEventListener("click", () => press(okay, OK));
refuse.addEventListener("click", () => {
  const reasons = document.getElementById("why");
  reasons.hidden = !reasons.hidden;
  refuse.setAttribute("aria-expanded", String(!reasons.hidden));
  if (!reasons.hidden) document.getElementById("why-title").focus();
});
for (const each of place.querySelectorAll("[data-reason]")) {
  each.addEventListener("click", () => press(each, NG, Number(each.dataset.reason)));
}

try {
  await show();
} catch {
  okay.disabled = true;
  tell(words.altered, "bad");
}
