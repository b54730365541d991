// Making elements. Text from the recording goes through `append` as text alone: no file here parses markup or sets an
// attribute that could hold code.

const SVG = "http://www.w3.org/2000/svg";

function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

function replace(node, ...children) {
  node.replaceChildren();
  return filled(node, null, children);
}

function byId(id) {
  return document.getElementById(id);
}

// Says something to those who listen instead of looking.
function announce(text) {
  byId("said").textContent = text;
}

// A section with a heading that can be linked to.
function section(id, title, aside, ...children) {
  const heading = el("h2", { id: `${id}-title` }, title);
  const head = el(
    "div",
    { class: "section-head" },
    heading,
    aside ? el("p", { class: "aside" }, aside) : null,
  );
  return el("section", { id, "aria-labelledby": `${id}-title` }, head, ...children);
}
