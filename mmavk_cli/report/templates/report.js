"use strict";
(() => {
  const bar = document.querySelector(".filters");
  if (!bar) return;
  const wrong = new Set(["boundary", "type", "missed", "spurious"]);
  const posts = Array.from(document.querySelectorAll("#list article"), (element) => ({
    element,
    sheet: element.parentElement,
    kinds: element.dataset.kinds ? element.dataset.kinds.split(" ").map((word) => word.split(":")) : [],
    about: new Set(element.dataset.about.split(" ")),
    set: element.dataset.set,
    text: null,
  }));
  const count = document.getElementById("count");
  const text = document.getElementById("text");
  const value = (id) => document.getElementById(id)?.value ?? "";

  /* Whether one name, [run, kind, type], is of the kind that is looked for. */
  const is = (kind, asked) => !asked || kind === asked || (asked === "wrong" && wrong.has(kind));

  const shown = (post, asked) => {
    if (asked.set && post.set !== asked.set) return false;
    if (asked.about && !post.about.has(asked.about)) return false;
    if (asked.run || asked.kind || asked.type) {
      const names = post.kinds.filter(([run, , type]) => (!asked.run || run === asked.run) && (!asked.type || type === asked.type));
      if (asked.kind === "right" ? !names.length || names.some(([, kind]) => kind !== "correct") : !names.some(([, kind]) => is(kind, asked.kind))) return false;
    }
    if (asked.text) {
      post.text ??= post.element.textContent.toLowerCase();
      if (!post.text.includes(asked.text)) return false;
    }
    return true;
  };

  const filter = () => {
    const asked = {
      set: value("set"), about: value("about"), run: value("run"), kind: value("kind"), type: value("type"),
      text: text.value.trim().toLowerCase(),
    };
    const sheets = new Map();
    let left = 0;
    for (const post of posts) {
      const keep = shown(post, asked);
      if (post.element.hidden === keep) post.element.hidden = !keep;
      sheets.set(post.sheet, (sheets.get(post.sheet) ?? 0) + keep);
      left += keep;
    }
    for (const [sheet, kept] of sheets) {
      sheet.hidden = !kept;
      sheet.style.setProperty("--posts", kept);
    }
    const all = posts.length.toLocaleString("en");
    count.textContent = left === posts.length ? `${all} posts` : `${left.toLocaleString("en")} of ${all} posts`;
  };

  let waiting = 0;
  bar.addEventListener("change", filter);
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
  document.getElementById("reset").addEventListener("click", () => {
    for (const one of bar.querySelectorAll("select, input")) one.value = "";
    filter();
  });
  bar.hidden = false;
  /* A browser that goes back to the page fills the choices in again. */
  addEventListener("pageshow", filter);
})();
