// Charts write in the theme's colour, as the rest of the desk does: set before django-unfold draws, and when the theme changes.
const followTheme = () => {
  Chart.defaults.color = getComputedStyle(document.documentElement).getPropertyValue("--desk-quiet").trim();
};
addEventListener("load", followTheme);
addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "now-section" || event.detail.serverResponse.includes('id="now-section"')) return;
  event.detail.shouldSwap = false; // the sign-in page came instead: the session has ended
  location.reload();
});
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["class"] });
