// Asking the bank's server, and telling the person what came of it.

export class Refused extends Error {}

export async function post(path, body = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
  });
  const document = await answer.json();
  if (!answer.ok) throw new Refused(document.error ?? answer.statusText);
  return document;
}

export function tell(words, kind = "") {
  const place = document.getElementById("told");
  place.className = `live ${kind}`;
  place.textContent = words;
}

export const why = (error, otherwise) => (error instanceof Refused ? error.message : otherwise);

export const settings = (element, name) => JSON.parse(element.dataset[name]);
