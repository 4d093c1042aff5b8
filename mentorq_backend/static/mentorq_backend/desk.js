// The letters of the charts have the theme's own colour, as the rest of the desk. Before django-unfold draws, and draws anew.
const followTheme = () => {
  Chart.defaults.color = getComputedStyle(document.documentElement).getPropertyValue("--desk-quiet").trim();
};
addEventListener("load", followTheme);
addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.serverResponse.includes('id="now-section"')) return;
  event.detail.shouldSwap = false; // it is the door: the session has ended
  location.reload();
});
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["class"] });
