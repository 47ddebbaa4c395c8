"use strict";
// Without this the page is one long document that its links lead through. With it, one view is shown at a time.
(() => {
  const views = [...document.querySelectorAll(".view")];
  const home = document.getElementById("figures");

  function show() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1))) || home;
    const view = target.closest(".view") || home;
    for (const other of views) other.classList.toggle("shown", other === view);
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const heading = target === view ? view.querySelector("h2") : target;
    if (heading && location.hash) {
      heading.setAttribute("tabindex", "-1");
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: target === view ? "start" : "center" });
    }
  }

  function move(step) {
    const cards = [...home.querySelectorAll("ul.gallery a")];
    const place = cards.indexOf(document.activeElement);
    if (cards.length) cards[Math.min(Math.max(place + step, 0), cards.length - 1)].focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const atHome = home.classList.contains("shown");
    if (event.key === "Escape" && !atHome) location.hash = "figures";
    else if (atHome && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      move(event.key === "ArrowRight" ? 1 : -1);
      event.preventDefault();
    }
  });
  window.addEventListener("hashchange", show);
  document.body.classList.add("js");
  show();
})();
