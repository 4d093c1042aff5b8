// Charts write in the theme's colour, as the rest of the desk does: set before django-unfold draws, and when the theme changes.
const followTheme = () => {
  if (!window.Chart) return;
  Chart.defaults.color = getComputedStyle(document.documentElement).getPropertyValue("--desk-quiet").trim();
};
addEventListener("load", followTheme);
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["class"] });

// What a form does is shown by the page that comes next. To renew this one meanwhile could take that page's messages away.
const WAIT_FOR_SUBMIT = 30_000; // milliseconds: longer than any answer takes, in case none comes
let submitted = -Infinity;
addEventListener("submit", (event) => {
  if ((event.submitter?.form ?? event.target).method === "post") submitted = Date.now();
});
addEventListener("pageshow", () => { submitted = -Infinity; });
const isSubmitting = () => Date.now() - submitted < WAIT_FOR_SUBMIT;

const sameElement = (one) => {
  const marks = (each) => [each.tagName, each.name, each.value, each.getAttribute("href")].join("\n");
  return [...document.querySelectorAll(one.tagName)].find((each) => marks(each) === marks(one));
};

// Calls `replace`. If that takes the focused element away, the focus goes to the new one that does the same.
const keepFocus = (replace) => {
  const focused = document.activeElement;
  replace();
  if (!focused.isConnected) sameElement(focused)?.focus({ preventScroll: true });
};

// Returns whether the page is one that the desk may show. After a redirect it is the door: the session has ended.
const isOurs = (page) => {
  if (page.wasRedirected) location.reload();
  return !page.wasRedirected && !isSubmitting();
};

const showNow = (page) => {
  if (!isOurs(page)) return;
  keepFocus(() => document.getElementById("now-section").replaceWith(page.getElementById("now-section")));
};
addEventListener("load", () => {
  if (!document.getElementById("now-section")) return;
  live({ part: "now-section", events: ["tickets", "queue"], seconds: 30, rarely: 30, show: showNow });
});
