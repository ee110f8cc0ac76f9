"use strict";
// Customers' words only ever become text nodes: no markup is made from strings here.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const count = data.customer.length;
  const body = byId("rows");
  const controls = {
    search: byId("search"), lane: byId("lane"), mood: byId("mood"), flag: byId("flag"),
    due: byId("due"), sort: byId("sort"), size: byId("size"),
  };
  const HOUR = 3600e3;
  const due = data.due.map((at) => (at ? Date.parse(at) : NaN));
  const orders = {
    position: [data.position, 1], saving: [data.saving, -1], churn_risk: [data.churn_risk, -1],
    anger: [data.anger, -1], due: [due, 1],
  };
  const state = { sort: "position", turn: 1, page: 0, view: [] };

  // Searching: every word has to occur, without regard to case and accents.
  const plain = (text) => {
    const lower = text.toLowerCase();
    return /[^\x00-\x7f]/.test(lower) ? lower.normalize("NFKD").replace(/\p{M}/gu, "") : lower;
  };
  let haystacks = null;
  const haystack = (row) => {
    haystacks ??= data.customer.map((name, i) => plain([
      name, data.lane[i].replace("_", " "), data.flags[i].join(" "),
      data.said[i].map((part) => part[1]).join(""),
      data.facts[i].map((place) => data.texts[place]).join(" "),
    ].join("\n")));
    return haystacks[row];
  };

  const fits = (row, now) => {
    const { lane, mood, flag } = controls;
    if (lane.value === "contact" ? !data.contact[row] : lane.value && data.lane[row] !== lane.value)
      return false;
    if (mood.value && data.mood[row] !== mood.value) return false;
    if (flag.value && !data.flags[row].includes(flag.value)) return false;
    const limit = controls.due.value;
    return !limit || due[row] <= now + Number(limit) * HOUR;
  };

  const choose = () => {
    const words = plain(controls.search.value).split(/\s+/).filter(Boolean);
    const now = Date.now();
    const rows = [];
    for (let row = 0; row < count; row++)
      if (fits(row, now) && words.every((word) => haystack(row).includes(word))) rows.push(row);
    const [values, usual] = orders[state.sort];
    const turn = usual * state.turn;
    const known = (row) => values[row] !== null && !Number.isNaN(values[row]);
    rows.sort((a, b) => (known(b) - known(a)) ||
      (known(a) ? turn * (values[a] - values[b]) : 0) || data.position[a] - data.position[b]);
    state.view = rows;
    state.page = 0;
    draw();
  };

  // Drawing
  const template = byId("row").content.firstElementChild;
  const money = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const moment = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  });
  const add = (parent, name, text, kind) => {
    const child = parent.appendChild(document.createElement(name));
    child.textContent = text;
    if (kind) child.className = kind;
    return child;
  };

  const left = (at, now) => {
    const minutes = Math.round(Math.abs(at - now) / 60e3);
    const span = minutes < 60 ? `${minutes} min`
      : minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
    return at < now ? `${span} late` : `in ${span}`;
  };
  const tick = () => {
    const now = Date.now();
    for (const clock of body.querySelectorAll(".clock")) {
      const at = Number(clock.dataset.at);
      clock.textContent = left(at, now);
      clock.classList.toggle("late", at < now);
    }
    let late = 0;
    for (let row = 0; row < count; row++) if (due[row] < now) late++;
    byId("late").textContent = money.format(late);
  };

  const share = (cell, value, name) => {
    if (value === null) { cell.textContent = "-"; return; }
    const words = `${Math.round(value * 100)} %`;
    cell.querySelector("svg").setAttribute("aria-label", `${name} ${words}`);
    cell.querySelector(".full").setAttribute("width", (value * 60).toFixed(1));
    cell.querySelector("span").textContent = words;
  };

  const make = (i) => {
    const row = template.cloneNode(true);
    const part = (name) => row.querySelector(`.${name}`);
    row.classList.toggle("rest", !data.contact[i]);
    part("place").textContent = data.position[i];
    part("id").textContent = data.customer[i];
    const known = Object.hasOwn(data.lane_words, data.lane[i]);
    part("lane").textContent = known ? data.lane_words[data.lane[i]] : data.lane[i];
    if (known) part("lane").classList.add(data.lane[i]);
    for (const flag of data.flags[i]) add(part("flags"), "li", flag);
    if (!data.flags[i].length) part("flags").remove();
    for (const [kind, text] of data.said[i])
      if (kind) add(part("text"), "mark", text, kind); else part("text").append(text);
    const written = data.written[i];
    part("when").textContent = written ? day.format(new Date(written)) : "";
    data.facts[i].forEach((place, k) => {
      const item = add(part("facts"), k % 2 ? "dd" : "dt", data.texts[place]);
      if (k % 2) item.dir = "auto";
    });
    if (!data.facts[i].length) row.querySelector("details").remove();
    share(row.querySelector("td.leaving"), data.churn_risk[i], "leaving");
    share(row.querySelector("td.anger"), data.anger[i], "anger");
    part("saving").textContent = data.saving[i] === null ? "-" : money.format(data.saving[i]);
    const cell = part("due");
    if (data.due[i]) {
      const time = add(cell, "time", moment.format(due[i]));
      time.dateTime = data.due[i];
      add(cell, "span", "", "clock").dataset.at = due[i];
    } else cell.textContent = "-";
    return row;
  };

  const draw = () => {
    const size = Number(controls.size.value);
    const start = state.page * size;
    const rows = state.view.slice(start, start + size);
    body.replaceChildren(...rows.map(make));
    const pages = Math.max(1, Math.ceil(state.view.length / size));
    const found = money.format(state.view.length);
    byId("status").textContent = rows.length
      ? `Customers ${money.format(start + 1)} to ${money.format(start + rows.length)} of ${found}`
      : "No customer fits; clear the search or a filter";
    byId("page").textContent = `Page ${state.page + 1} of ${money.format(pages)}`;
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page >= pages - 1;
    for (const head of document.querySelectorAll("th[data-sort]")) {
      const on = head.dataset.sort === state.sort;
      const rises = orders[state.sort][1] * state.turn > 0;
      if (on) head.setAttribute("aria-sort", rises ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    tick();
  };

  // Listening
  const sortBy = (name) => {
    state.turn = name === state.sort ? -state.turn : 1;
    state.sort = name;
    controls.sort.value = name;
    choose();
  };
  const turnTo = (page) => {
    state.page = page;
    draw();
    byId("queue").scrollIntoView();
  };
  let waiting;
  controls.search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(choose, 80);
  });
  for (const name of ["lane", "mood", "flag", "due"])
    controls[name].addEventListener("change", choose);
  controls.size.addEventListener("change", () => turnTo(0));
  controls.sort.addEventListener("change", () => {
    state.sort = "";
    sortBy(controls.sort.value);
  });
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(head.dataset.sort));
    head.append(button);
  }
  byId("previous").addEventListener("click", () => turnTo(state.page - 1));
  byId("next").addEventListener("click", () => turnTo(state.page + 1));
  byId("clear").addEventListener("click", () => {
    for (const name of ["search", "lane", "mood", "flag", "due"]) controls[name].value = "";
    choose();
    controls.search.focus();
  });
  // On paper: those to contact, of whoever fits the search, or else everyone who fits.
  const PRINTED = 500;
  addEventListener("beforeprint", () => {
    const chosen = state.view.filter((row) => data.contact[row]);
    body.replaceChildren(...(chosen.length ? chosen : state.view).slice(0, PRINTED).map(make));
    for (const part of body.querySelectorAll("tr:not(.rest) details")) part.open = true;
    tick();
  });
  addEventListener("afterprint", draw);
  setInterval(tick, 30e3);

  document.documentElement.classList.add("live");
  for (const part of document.querySelectorAll("[data-live]")) part.hidden = false;
  choose();
  (window.requestIdleCallback ?? setTimeout)(() => count && haystack(0));
})();
