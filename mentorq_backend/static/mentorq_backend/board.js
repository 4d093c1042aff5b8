const show = (page) => {
  document.getElementById("board").replaceWith(page.getElementById("board"));
  document.title = page.title;
};
live({ part: "board", events: ["queue"], seconds: 5, rarely: 30, show });
