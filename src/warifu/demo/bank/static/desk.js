// Looks whether the phone is further, so that the clerk need not reload.

const place = document.getElementById("enrolment");
const SETTLED = ["bound", "rejected", "expired", "exhausted", "cancelled"];
const LOOK_MILLISECONDS = 1500;
const same = (one, other) => one === other || (one === "begun" && other === "created");

async function look() {
  const { state } = await (await fetch(place.dataset.url)).json();
  const typing = document.getElementById("digits")?.value;
  if (!same(place.dataset.state, state) && !typing) {
    location.reload();
    return;
  }
  if (!SETTLED.includes(state)) setTimeout(look, LOOK_MILLISECONDS);
}

if (!SETTLED.includes(place.dataset.state)) setTimeout(look, LOOK_MILLISECONDS);
