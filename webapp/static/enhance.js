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

// Without the part that was asked for it is another page of ours, such as the one to sign in at, and is loaded as
// such. What a proxy says for us, or what answers a form, replaces nothing: the input stays.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  trouble().hidden = true;
  if (!ctx.select || tasks.some((task) => task.fragment.childElementCount)) return;
  event.preventDefault();
  if (ctx.request.method === "GET" && ctx.response.status < 500) location.assign(ctx.response.raw.url);
  else trouble().hidden = false;
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
