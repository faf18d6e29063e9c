// Elements made by code. Text becomes text nodes: nothing from outside is ever read as markup.

export const byId = (id) => document.getElementById(id);

/** An element: `on...` properties listen, others are attributes; null children are left out. */
export function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

/** Text from outside, which may run from right to left: it does not turn what stands beside it. */
export const named = (text) => make("bdi", {}, text);

/** Words for those who hear the page. */
export const spoken = (text) => make("span", { class: "spoken" }, text);
