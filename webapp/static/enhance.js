// Quicker, and never needed: every page works without it.

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  const search = document.getElementById("q");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

const trouble = () => document.getElementById("trouble");

// A proxy's page, say, has no part of ours: what is shown stays.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const empty = ctx.select && tasks.some((task) => task.type === "main" && !task.fragment.childElementCount);
  trouble().hidden = !empty;
  if (empty) event.preventDefault();
});

document.addEventListener("htmx:error", () => {
  trouble().hidden = false;
});

// As after the loading of a page: at its top, where a screen reader begins.
document.addEventListener("htmx:after:swap", (event) => {
  const main = document.getElementById("main");
  if (event.detail.ctx.select !== "#main") return;
  window.scrollTo(0, 0);
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
});
