// The list of tickets renews its table. Nothing else on the page is touched, so what is typed or open elsewhere stays.
const AIMING = 1000; // milliseconds: somebody is about to click, so no row may move
const LONGEST_WAIT = 10_000; // milliseconds

const form = document.getElementById("changelist-form");
const boxes = () => [...form.querySelectorAll("[name=_selected_action]")];
let aimed = -Infinity;
let last = null; // the box that was clicked last, by its value

const aim = (event) => {
  if (event.target.closest("#result_list :is(a, button, input)")) aimed = performance.now();
};
for (const name of ["pointermove", "pointerdown", "keydown"]) form.addEventListener(name, aim);

const isInUse = () => {
  const selection = getSelection();
  const isSelected = !selection.isCollapsed && form.contains(selection.anchorNode);
  return isSelected || performance.now() - aimed < AIMING;
};
const untilFree = async () => {
  const end = performance.now() + LONGEST_WAIT;
  while (isInUse() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
};

// Django's own script knows only the rows that came with the page; it does the same for those.
const count = () => {
  const chosen = boxes().filter((box) => box.checked);
  for (const box of boxes()) box.closest("tr").classList.toggle("selected", box.checked);
  form.querySelector(".action-counter").textContent = `${chosen.length} of ${boxes().length} selected`;
  const toggle = document.getElementById("action-toggle");
  if (toggle) toggle.checked = chosen.length === boxes().length;
};
const chooseRange = ({ target, shiftKey }) => {
  if (target.name !== "_selected_action") return;
  const values = boxes().map((box) => box.value);
  const ends = [values.indexOf(last), values.indexOf(target.value)].sort((a, b) => a - b);
  if (shiftKey && ends[0] >= 0) for (const box of boxes().slice(ends[0], ends[1] + 1)) box.checked = target.checked;
  last = target.value;
};
form.addEventListener("click", chooseRange);
form.addEventListener("change", ({ target }) => {
  if (target.id === "action-toggle") for (const box of boxes()) box.checked = target.checked;
  count();
});
addEventListener("pageshow", count);

const showTable = (page) => {
  const [old, fresh] = [document, page].map((each) => each.getElementById("result_list"));
  if (old && fresh) return old.replaceChildren(...fresh.children); // what is around it keeps its scroll position
  const results = "#changelist-form > :is([data-simplebar], .desk-empty)";
  document.querySelector(results).replaceWith(page.querySelector(results));
};
const showPaginator = (page) => {
  const [old, fresh] = [document, page].map((each) => each.querySelector("#main > :last-child"));
  if (old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh);
};
// "Claim for" says how many tickets each mentor holds. A choice stays, and so does a list that may be open.
const showMentors = (page) => {
  const [old, fresh] = [document, page].map((each) => each.querySelector(".desk-mentor select"));
  const chosen = old.value;
  if (old === document.activeElement || ![...fresh.options].some((option) => option.value === chosen)) return;
  old.replaceChildren(...fresh.children);
  old.value = chosen;
};
const showList = async (page) => {
  await untilFree();
  if (!isOurs(page)) return;
  const chosen = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  keepFocus(() => [showTable, showPaginator, showMentors].forEach((each) => each(page)));
  for (const box of boxes()) box.checked = chosen.has(box.value);
  count();
};
// A list costs the server more than the board does, and without a stream a quarter of a minute is soon enough for a queue of minutes.
addEventListener("load", () => {
  live({ part: "changelist-form", events: ["tickets"], seconds: 15, rarely: 30, show: showList });
});
