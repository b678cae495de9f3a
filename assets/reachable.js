// A formula that is a little too wide shrinks to fit; whatever still scrolls sideways inside its own
// box can be reached, and scrolled, by keyboard.
(() => {
  const SMALLEST = 0.75, NUMBER_GAP = 10;
  const natural = new WeakMap();  // each formula's width, in its own letters' size
  const fit = box => {
    const style = getComputedStyle(box), number = box.querySelector(":scope > .eqno");
    const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
      - (number ? number.offsetWidth + NUMBER_GAP : 0);
    for (const math of box.querySelectorAll("mjx-container > mjx-math")) {
      const size = parseFloat(getComputedStyle(math.parentElement).fontSize);
      if (!natural.get(math)) natural.set(math, math.getBoundingClientRect().width / size);
      const share = (room - 1) / (natural.get(math) * size);
      math.style.fontSize = share < 1 && room > 0 ? `${100 * Math.max(SMALLEST, share)}%` : "";
    }
  };
  const boxes = () => document.querySelectorAll(
    "main :is(pre, table, div.math, div.output, mjx-container, .pst-scrollable-table-container)");
  const reach = () => {
    for (const box of boxes()) {
      const scrolls = box.scrollWidth > box.clientWidth + 1
        && ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
      if (scrolls) box.tabIndex = 0;
      else if (box.getAttribute("tabindex") === "0") box.removeAttribute("tabindex");
    }
  };
  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const watcher = new ResizeObserver(changed => {
      for (const { target } of changed) fit(target);
      requestAnimationFrame(reach);
    });
    for (const box of document.querySelectorAll("main :is(div.math, td)")) {
      fit(box);
      watcher.observe(box);
    }
    reach();
    window.addEventListener("resize", () => requestAnimationFrame(reach));
  });
})();
