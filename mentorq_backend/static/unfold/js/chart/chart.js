// Instead of django-unfold's Chart.js (200 kB), which it loads in every page: only pages with a chart load it. What is
// inserted now comes before the event "load", at which django-unfold draws.
const chartJS = new URL("../../../charts/chart.js", document.currentScript.src).href;
addEventListener("DOMContentLoaded", () => {
  if (document.querySelector("canvas.chart")) document.head.append(Object.assign(document.createElement("script"), { src: chartJS }));
});
