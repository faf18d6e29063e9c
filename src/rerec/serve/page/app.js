// The page: what is served is shown, and what is pressed leads to the conversation.

import { json } from "./api.js";
import { ask, forget, resume, startOver, stop } from "./conversation.js";
import { byId, make } from "./dom.js";

function introduce({ domain, n_items: nItems, model, examples, users }) {
  const by = model === "none" ? "without a language model" : `with ${model}`;
  byId("about").textContent = `${nItems.toLocaleString("en")} titles of ${domain}, ${by}`;
  byId("examples").replaceChildren(...examples.map((text) =>
    make("li", {}, make("button", { type: "button", onclick: () => ask(text) }, text))));
  const known = users.map(({ user_id: userId, label }) => make("option", { value: userId }, label));
  byId("user").replaceChildren(make("option", { value: "" }, "somebody new"), ...known);
  byId("as").hidden = users.length === 0;
}

function submit(event) {
  event.preventDefault();
  const text = byId("request").value.trim();
  if (stop() || !text) return;
  byId("request").value = "";
  ask(text);
}

function press(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (byId("send").textContent === "Ask") byId("composer").requestSubmit();
}

byId("composer").addEventListener("submit", submit);
byId("request").addEventListener("keydown", press);
byId("user").addEventListener("change", startOver);
byId("over").addEventListener("click", () => {
  forget();
  byId("request").focus();
});
try {
  introduce(await json("GET", "/api/about"));
  await resume();
} catch (fault) {
  byId("about").textContent = fault.message;
}
