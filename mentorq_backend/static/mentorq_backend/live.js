// Keeps a part of a page up to date. The page is fetched again when the stream says that something has changed, and every so
// often besides. If the server does not answer, #lost says since when.
const STREAM = { url: "/api/live/", retry: 60 }; // seconds until a stream that was refused is tried again
const PATIENCE = 10; // seconds

const fetchPage = async (part) => {
  const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE * 1000) });
  if (!response.ok) throw new Error(response.status);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  page.wasRedirected = response.redirected;
  if (!page.getElementById(part) && !page.wasRedirected) throw new Error("another page came instead"); // such as that of a captive portal
  return page;
};

let since = null;
const tell = (isLost) => {
  since = isLost ? (since ?? new Date()) : null;
  const time = since?.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  document.getElementById("lost").textContent = since ? `Connection lost since ${time}` : "";
};

// `part` is the id of what is renewed, `show` gets the new page. `seconds` is the pause without a stream, `rarely` the one with it:
// times that are on the page grow old even if nothing changes.
const live = ({ part, events, seconds, rarely, show }) => {
  let stream, timer, retry;
  let isBusy = false;
  let isDue = false;

  const renew = async () => {
    isDue = isBusy; // never two at once: one more follows
    if (isBusy) return;
    isBusy = true;
    try {
      const page = await fetchPage(part).catch(() => null);
      tell(page === null);
      if (page) await show(page);
    } finally {
      isBusy = false;
      pause();
    }
  };
  const pause = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const isStreaming = stream.readyState === EventSource.OPEN;
    timer = setTimeout(renew, isDue ? 0 : 1000 * (isStreaming ? rarely : seconds));
  };
  const open = () => {
    stream = new EventSource(STREAM.url);
    // Changes before it opened were not told, and if it breaks none are.
    for (const name of ["open", "error", ...events]) stream.addEventListener(name, renew);
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) retry = setTimeout(open, STREAM.retry * 1000);
    });
  };
  const close = () => {
    stream?.close();
    clearTimeout(timer);
    clearTimeout(retry);
  };
  // A hidden page has no stream: with HTTP/1.1 a browser has six connections to a server, for all its pages.
  const look = () => {
    close();
    if (document.hidden) return;
    open();
    pause(); // a proxy may answer nothing at all
  };
  document.addEventListener("visibilitychange", look);
  look();
};
