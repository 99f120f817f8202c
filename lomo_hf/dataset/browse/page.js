"use strict";
/* Rows are somebody else's text: every piece of it enters the page as a text node, never as markup. */
const rows = JSON.parse(document.getElementById("data").textContent);
const list = document.getElementById("rows");
const count = document.getElementById("count");
const search = document.getElementById("search");
const spans = document.getElementById("spans");
const filters = { kind: "any outcome", renderer: "any typesetting", op: "any distortion", source: "any source" };
const outcomes = { rewritten: "with a page", kept: "kept as text", own: "own pictures", refused: "refused" };
const AT_ONCE = 20;
let shown = [], drawn = 0;

function make(name, look, text) {
  const element = document.createElement(name);
  if (look) element.className = look;
  if (text !== undefined) element.textContent = text;
  return element;
}

function fill(key) {
  const select = document.getElementById(key);
  const tally = new Map();
  for (const row of rows) if (row[key]) tally.set(row[key], (tally.get(row[key]) || 0) + 1);
  select.append(new Option(filters[key], ""));
  for (const value of [...tally.keys()].sort()) {
    const name = key === "kind" ? outcomes[value] : value;
    select.append(new Option(`${name} (${tally.get(value)})`, value));
  }
  select.hidden = tally.size < 2;
}

function said(row) {
  if (row.words === undefined) {
    const texts = row.turns.flatMap((turn) => turn.parts.map((part) => part.text || ""));
    row.words = [row.id, row.reason || "", row.detail || "", ...texts].join("\n").toLowerCase();
  }
  return row.words;
}

function select() {
  const wanted = search.value.trim().toLowerCase();
  const keys = Object.keys(filters).map((key) => [key, document.getElementById(key).value]).filter((pair) => pair[1]);
  shown = rows.filter((row) => keys.every(([key, value]) => row[key] === value) && (!wanted || said(row).includes(wanted)));
  drawn = 0;
  list.replaceChildren();
  count.textContent = `${shown.length} of the ${rows.length} on this page`;
  if (!shown.length) list.append(make("p", "none", "No row is like that. Esc shows all."));
  more();
}

function more() {
  for (const row of shown.slice(drawn, drawn + AT_ONCE)) list.append(article(row));
  drawn = Math.min(drawn + AT_ONCE, shown.length);
  if (drawn < shown.length) watcher.observe(list.lastElementChild);
}

function article(row) {
  const card = make("article");
  card.tabIndex = 0;
  const talk = make("div", "talk");
  for (const turn of row.turns) talk.append(spoken(turn));
  if (row.detail) talk.append(make("p", "text", row.detail));
  card.append(talk, facts(row));
  return card;
}

function spoken(turn) {
  const block = make("section", `turn ${turn.role}`);
  block.append(make("span", "role", turn.role));
  const body = make("div", "body");
  let length = 0;
  for (const part of turn.parts) {
    if (part.page) body.append(page(part));
    else body.append(make("span", "text", part.text));
    length += part.page ? 0 : part.text.length + 60 * part.text.split("\n").length;
  }
  block.append(body);
  if (turn.role !== "user" && length > 2400) {
    block.classList.add("long");
    const button = make("button", "", "show all");
    button.type = "button";
    button.addEventListener("click", () => { button.textContent = block.classList.toggle("long") ? "show all" : "show less"; });
    block.append(button);
  }
  return block;
}

function page(part) {
  const figure = make("figure");
  const image = make("img");
  image.src = part.page;
  if (part.width) { image.width = part.width; image.height = part.height; }
  image.alt = part.text || "a picture that the row came with";
  image.decoding = "async";
  figure.append(image);
  if (part.text) figure.append(make("figcaption", "text", part.text));
  return figure;
}

function facts(row) {
  const side = make("aside");
  side.append(make("span", `tag ${row.kind}`, outcomes[row.kind]));
  const table = make("dl");
  for (const [name, value] of row.facts) table.append(make("dt", "", name), make("dd", "", value));
  side.append(table);
  return side;
}

function step(by) {
  const cards = [...list.querySelectorAll("article")];
  const at = cards.indexOf(document.activeElement.closest ? document.activeElement.closest("article") : null);
  const next = cards[Math.max(0, Math.min(at + by, cards.length - 1))];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "start" });
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input[type=search], select");
  if (event.key === "Escape") {
    document.getElementById("filters").reset();
    document.activeElement.blur();
    list.classList.remove("with-spans");
    select();
  } else if (!typing && event.key === "/") { event.preventDefault(); search.focus(); }
  else if (!typing && event.key === "j") step(1);
  else if (!typing && event.key === "k") step(-1);
  else if (!typing && event.key === "t") spans.click();
}

const watcher = new IntersectionObserver((seen) => {
  for (const one of seen) if (one.isIntersecting) { watcher.unobserve(one.target); more(); }
}, { rootMargin: "1500px" });

for (const name of Object.keys(filters)) {
  fill(name);
  document.getElementById(name).addEventListener("change", select);
}
search.addEventListener("input", select);
spans.addEventListener("change", () => list.classList.toggle("with-spans", spans.checked));
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", key);
select();
