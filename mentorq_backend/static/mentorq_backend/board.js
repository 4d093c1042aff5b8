// Fetches the page again and shows its board. If the server does not answer, the page says since when.
const SECONDS = 5;
const lost = document.getElementById("lost");
let since = null;

const renew = async () => {
  try {
    const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(SECONDS * 2000) });
    if (!response.ok) throw new Error(response.status);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const board = page.getElementById("board");
    if (!board) throw new Error("another page came instead"); // such as that of a captive portal
    document.getElementById("board").replaceWith(board);
    document.title = page.title;
    since = null;
  } catch {
    since ??= new Date();
    lost.textContent = `Connection lost since ${since.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`;
  }
  lost.hidden = since === null;
  setTimeout(renew, SECONDS * 1000);
};
setTimeout(renew, SECONDS * 1000);
