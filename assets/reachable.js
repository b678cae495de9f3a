// Whatever scrolls sideways inside its own box can be reached, and scrolled, by keyboard.
(() => {
  const boxes = () => document.querySelectorAll(
    "main :is(pre, table, div.math, div.output, mjx-container[display], .pst-scrollable-table-container)");
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
    reach();
    window.addEventListener("resize", () => requestAnimationFrame(reach));
  });
})();
