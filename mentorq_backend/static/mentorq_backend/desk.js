// The letters of the charts have the theme's own colour, as the rest of the desk. Before django-unfold draws, and draws anew.
const followTheme = () => {
  Chart.defaults.color = getComputedStyle(document.documentElement).getPropertyValue("--desk-quiet").trim();
};
addEventListener("load", followTheme);
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["class"] });
