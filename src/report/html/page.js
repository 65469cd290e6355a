"use strict";
// The table of artifacts: filtered, sorted, and only as many rows in the document as the eye sees. What comes from a
// record is only ever set as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ROW = 34, SPARE = 12;
  const NAME = 0, VERSION = 1, KIND = 2, ORIGIN = 3, SIZE = 4, FILE = 5, FROM = 6, DIGEST = 7, REASON = 8, STEP = 9, RUN = 10, SECONDS = 11, NOTE = 12;
  for (const row of data.rows) {
    // A file name that is name, sign, version and a frequent end.
    if (typeof row[FILE] === "number") row[FILE] = row[NAME] + data.tails[row[FILE]][0] + row[VERSION] + data.tails[row[FILE]].slice(1);
  }
  const rows = data.rows, byId = id => document.getElementById(id);
  const body = byId("artifacts"), scroller = byId("scroller"), search = byId("search"), count = byId("count");
  const choices = [["origin", ORIGIN, data.origins], ["why", REASON, data.reasons], ["step", STEP, data.steps]];
  const numbers = new Intl.NumberFormat("en");

  const source = row => row[FROM] === null ? "" : row[FROM].startsWith("=") ? row[FROM].slice(1) : row[FROM] + (row[FILE] ?? "");
  const size = bytes => {
    if (bytes === null) return "–";
    if (bytes < 1000) return bytes + (bytes === 1 ? " byte" : " bytes");
    const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    for (const [place, unit] of units.entries()) {
      bytes /= 1000;
      if (bytes < 9.995) return bytes.toFixed(2) + " " + unit;
      if (bytes < 99.95) return bytes.toFixed(1) + " " + unit;
      if (bytes < 999.5 || place === 5) return bytes.toFixed(0) + " " + unit;
    }
  };
  const time = seconds => seconds === null ? "–" : seconds < 0.1 ? seconds.toFixed(3) + " s" : seconds.toFixed(1) + " s";
  const digest = text => text === null ? "" : Array.from(atob(text), c => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  const label = (list, place) => place < 0 ? "" : list[place];
  const family = row => data.families[row[ORIGIN]];
  const text = rows.map(row => [row[NAME], row[VERSION], row[FILE], source(row), label(data.reasons, row[REASON])].join(" ").toLowerCase());
  const key = {
    name: row => (row[NAME] ?? row[FILE] ?? "").toLowerCase(), kind: row => data.kinds[row[KIND]], origin: row => data.origins[row[ORIGIN]],
    size: row => row[SIZE] ?? -1, time: row => row[SECONDS] ?? -1, why: row => label(data.reasons, row[REASON]), from: source,
  };
  let shown = rows.map((_, place) => place), sort = { by: "size", down: true };

  function select() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = choices.map(([name, column]) => [column, byId(name).value]).filter(([, value]) => value !== "");
    shown = [];
    for (let place = 0; place < rows.length; place++) {
      if (words.every(word => text[place].includes(word)) && wanted.every(([column, value]) => String(rows[place][column]) === value)) shown.push(place);
    }
    const of = key[sort.by], keys = new Map(shown.map(place => [place, of(rows[place])]));
    shown.sort((a, b) => {
      const one = keys.get(a), other = keys.get(b);
      const order = typeof one === "number" ? one - other : one < other ? -1 : one > other ? 1 : 0;
      return (sort.down ? -order : order) || a - b;
    });
    let bytes = 0;
    for (const place of shown) bytes += rows[place][SIZE] ?? 0;
    count.textContent = numbers.format(shown.length) + " of " + numbers.format(rows.length) + " files, " + size(bytes);
    scroller.scrollTop = 0;
    draw();
  }

  function cell(tag, className, ...content) {
    const cell = document.createElement(tag);
    if (className) cell.className = className;
    cell.append(...content);
    return cell;
  }

  function line(place, index) {
    const row = rows[place], line = document.createElement("tr");
    line.setAttribute("aria-rowindex", index + 2);
    const open = cell("button", "", row[NAME] ?? row[FILE] ?? "(unnamed)");
    open.type = "button";
    open.dataset.place = place;
    const name = cell("th", "", open);
    name.scope = "row";
    if (row[VERSION] !== null) name.append(cell("small", "", row[VERSION]));
    const pill = cell("span", "pill", cell("span", "dot " + family(row)), data.origins[row[ORIGIN]]);
    const from = cell("td", "mono", source(row));
    from.title = source(row);
    line.append(name, cell("td", "", data.kinds[row[KIND]]), cell("td", "", pill), cell("td", "figure", size(row[SIZE])),
      cell("td", "figure", time(row[SECONDS])), cell("td", "", label(data.reasons, row[REASON]) || (row[NOTE] ?? "")), from);
    return line;
  }

  function space(height) {
    const line = cell("tr", "space"), filler = document.createElement("td");
    filler.colSpan = 7;
    filler.style.height = height + "px";
    line.setAttribute("aria-hidden", "true");
    line.append(filler);
    return line;
  }

  let drawn = "";
  function draw(all) {
    const first = all ? 0 : Math.max(0, Math.min(Math.floor(scroller.scrollTop / ROW), shown.length) - SPARE);
    const last = all ? shown.length : Math.min(shown.length, first + Math.ceil(scroller.clientHeight / ROW) + 2 * SPARE);
    const now = [first, last, all, sort.by, sort.down, shown.length, shown[first], search.value].join();
    if (now === drawn) return;
    drawn = now;
    const focused = document.activeElement?.dataset?.place;
    const lines = shown.slice(first, last).map((place, index) => line(place, first + index));
    if (shown.length === 0) {
      const none = cell("td", "soft", "no file fits this filter");
      none.colSpan = 7;
      lines.push(cell("tr", "", none));
    }
    body.replaceChildren(space(first * ROW), ...lines, space((shown.length - last) * ROW));
    if (focused !== undefined) body.querySelector(`[data-place="${focused}"]`)?.focus({ preventScroll: true });
  }

  function details(row) {
    const list = byId("fields");
    list.replaceChildren();
    const sizes = row[SIZE] === null ? "" : size(row[SIZE]) + (row[SIZE] < 1000 ? "" : " (" + numbers.format(row[SIZE]) + " bytes)");
    const fields = [["file", row[FILE]], ["kind", data.kinds[row[KIND]]], ["origin", data.origins[row[ORIGIN]]], ["size", sizes], ["sha256", digest(row[DIGEST])],
      ["from", source(row)], ["waited", row[SECONDS] === null ? "" : "at most " + time(row[SECONDS])], ["why", label(data.meanings, row[REASON]) || row[NOTE]],
      ["to do", label(data.remedies, row[REASON])], ["step", label(data.steps, row[STEP])], ["run", label(data.runs, row[RUN])]];
    for (const [name, value] of fields) if (value) list.append(cell("dt", "", name), cell("dd", ["sha256", "from", "run", "step", "file"].includes(name) ? "mono" : "", value));
    byId("title").textContent = [row[NAME] ?? row[FILE], row[VERSION]].filter(Boolean).join(" ");
    byId("details").showModal();
  }

  for (const [name, column, list] of choices) {
    const field = byId(name), present = new Set(rows.map(row => row[column]));
    for (const [place, word] of list.entries()) if (present.has(place)) field.append(new Option(word, place));
    if (field.options.length < 2) field.hidden = true;
    field.addEventListener("change", select);
  }
  search.addEventListener("input", select);
  for (const head of document.querySelectorAll("th[data-key]")) {
    head.firstElementChild.addEventListener("click", () => {
      const by = head.dataset.key;
      sort = { by, down: sort.by === by ? !sort.down : by === "size" || by === "time" };
      for (const other of document.querySelectorAll("th[data-key]")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      select();
    });
  }
  body.addEventListener("click", event => {
    const place = event.target.closest("button")?.dataset.place;
    if (place !== undefined) details(rows[place]);
  });
  byId("close").addEventListener("click", () => byId("details").close());
  let asked = false;
  scroller.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }, { passive: true });
  addEventListener("resize", () => draw());
  addEventListener("beforeprint", () => draw(shown.length <= 2000));
  addEventListener("afterprint", () => draw());
  byId("table").setAttribute("aria-rowcount", rows.length + 1);
  byId("interactive").hidden = false;
  select();
})();
