// Making elements. Text goes in as text, so no name or log can become markup.

const byId = (id) => document.getElementById(id);
const partOf = (id, selector) => byId(id).querySelector(selector);

function make(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children); // a string becomes a text node
  return element;
}

function choice(text, pressed, press, ...before) {
  return make("button", { type: "button", class: "choice", "aria-pressed": String(pressed), click: press }, ...before, text);
}

function shortened(text, letters) {
  const all = [...text];
  return all.length > letters ? all.slice(0, Math.max(1, letters - 1)).join("") + "…" : text;
}
