// What was attached, as the first line says.

// What was asked for, and what hangs where.
function backends(start) {
  const used = [...new Set(start.hooks.map((hook) => hook.backend))];
  return used.length ? `${start.backend}: ${used.join(", ")}` : start.backend;
}

// All hooks, and why some are missing; `title` says whether they still are attached.
function watched(start, title) {
  const hooks = start
    ? start.hooks.map((hook) =>
        el(
          "tr",
          null,
          el("th", { scope: "row" }, hook.hook),
          el("td", null, hook.backend),
          el("td", null, el("code", null, hook.target)),
        ),
      )
    : [];
  const none = start
    ? start.missing.map((hook) =>
        el(
          "tr",
          null,
          el("th", { scope: "row" }, hook.hook),
          el("td", { colspan: 2 }, say("not attached: {a}", hook.why)),
        ),
      )
    : [];
  return el(
    "details",
    { class: "hooks" },
    el(
      "summary",
      null,
      none.length
        ? say("{a}: {b}, {c} not to be had", title, plural(hooks.length, "hook"), number(none.length))
        : say("{a}: {b}", title, plural(hooks.length, "hook")),
    ),
    el(
      "div",
      { class: "scroll", tabindex: 0 },
      el("table", { class: "plain" }, el("tbody", null, hooks, none)),
    ),
  );
}
