// Ties the controls of an explorer to its figures. No formula of the book is written here: those
// are in theory.js, compiled from w2s/statements/symbolic.py.
globalThis.explorer = (() => {
  "use strict";
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  // x in words, with `places` significant digits
  function number(x, places = 4) {
    if (Number.isNaN(x)) return "none";
    if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
    const size = Math.abs(x);
    const minus = text => text.replace("-", "−");
    if (x === 0 || (size >= 1e-3 && size < 1e6)) return minus(String(Number(x.toPrecision(places))));
    const [head, power] = x.toExponential(places - 1).split("e");
    const raised = [...power.replace("+", "")].map(d => (d === "-" ? "⁻" : digits[d])).join("");
    return minus(`${Number(head)}·10${raised}`);
  }

  function say(name, key, value, text = number(value)) {
    const place = document.getElementById(`${name}-${key}`);
    if (value !== null) place.dataset.value = String(value);
    if (place.textContent !== text) place.textContent = text;
    if (key === "verdict" && value !== null) place.dataset.wins = String(value < 0);
  }

  const steps = (from, to, count) =>
    Array.from({length: count}, (_, k) => from + (to - from) * k / (count - 1));
  const powers = (from, to, count) => steps(from, to, count).map(u => 10 ** u);

  // Show all of `values`; a `level` too, unless that flattens them.
  function fit(range, values, levels) {
    let [low, high] = [Math.min(...values), Math.max(...values.filter(Number.isFinite))];
    const tall = 4 * (high - low) + 0.1 * high;
    for (const level of levels.filter(Number.isFinite)) {
      low = Math.min(low, Math.max(level, low - tall));
      high = Math.max(high, Math.min(level, high + tall));
    }
    const margin = 0.06 * (high - low) + 1e-9;
    [range.start, range.end] = [low - margin, high + margin];
  }

  function fit_log(range, values) {
    range.start = Math.min(...values) / 1.5;
    range.end = 1.5 * Math.max(...values);
  }

  // The penalties that win, on a plot from `left` to `right`
  function shade(band, win, left, right) {
    band.visible = win.high > win.low;
    band.left = win.low > 0 ? win.low : left;
    band.right = Number.isFinite(win.high) ? win.high : right;
  }

  function interval(win) {
    if (!(win.high > win.low)) return "none";
    if (win.high === Infinity) return "every λₛ > 0";
    return `${number(win.low)} < λₛ < ${number(win.high)}`;
  }

  // One function a picture, in pictures/NAME.js: from the controls' values `p` to what is drawn.
  const pictures = {};
  // `say` shows a number or a text, `tell` the sentences that the explorer declares, as its verdict.
  const draw = (name, sentences, seen) => {
    const fill = ([key, values]) => sentences[key].replace(/{(\w+)}/g, (_, part) => values[part]);
    pictures[name]({
      ...seen,
      say: (key, value, text) => say(name, key, value, text),
      tell: (gap, ...said) => say(name, "verdict", gap, said.map(fill).join(" ")),
    });
    document.getElementById(`explorer-${name}`).ariaBusy = "false";
  };

  // A pointer over a figure sets controls, `to` says which: by axis, [name, axis is in powers of ten].
  const controls = {};
  function drag(name, to, {x, y}) {
    for (const [axis, [key, powersOfTen]] of Object.entries(to)) {
      const place = {x, y}[axis];
      if (Number.isFinite(place)) controls[name][key].drag(powersOfTen ? 10 ** place : place);
    }
  }

  function wire(section) {
    const name = section.dataset.explorer;
    const values = {};
    const mine = controls[name] = {};
    const problem = section.querySelector(".explorer-problem");
    const presets = [...section.querySelectorAll(".explorer-presets button")];
    const seen = section.querySelector(".explorer-seen");
    let figure = null;
    let waiting = false;
    let asked = 0;

    function update() {
      if (!section.querySelector("[aria-invalid=true]")) problem.textContent = "";
      for (const preset of presets) {
        const set = Object.entries(JSON.parse(preset.dataset.values));
        preset.ariaPressed = String(set.every(([key, x]) => values[key] === x));
      }
      const pressed = presets.find(preset => preset.ariaPressed === "true");
      if (seen) seen.textContent = pressed?.dataset.text ?? "";
      section.ariaBusy = "true";  // until it is drawn
      if (figure === null || waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        figure.tags = [{...values}, ++asked];  // Bokeh tells of a change only
      });
    }

    for (const control of section.querySelectorAll(".explorer-control")) {
      const [slider, field] = control.querySelectorAll("input");
      const log = control.dataset.log === "1";
      const whole = control.dataset.whole === "1";
      const key = control.dataset.name;
      const short = x => Number(x.toPrecision(3));
      const rounded = x => (whole ? Math.round(short(x)) : short(x));
      const marks = [...control.querySelectorAll(".explorer-mark")];
      const marked = ({dataset: {to}}) =>  // a number, or the control or read-out that has it
        Number(values[to] ?? document.getElementById(`${name}-${to}`)?.dataset.value ?? to);
      const scale = x => (log ? Math.log10(x) : x);
      const announce = () => slider.setAttribute("aria-valuetext", number(values[key]));
      slider.addEventListener("input", () => {
        const position = Number(slider.value);
        const near = marks.map(marked).find(x => Math.abs(scale(x) - position) <= slider.step / 2);
        choose(near ?? rounded(log ? 10 ** position : position));
      });
      function choose(x) {
        values[key] = x;
        field.value = x;
        field.removeAttribute("aria-invalid");
        announce();
        update();
      }
      function set(x) {
        slider.value = log ? Math.log10(Math.max(x, 10 ** slider.min)) : x;
        choose(x);
      }
      const ends = [slider.min, slider.max].map(end => (log ? 10 ** end : Number(end)));
      mine[key] = {set, drag: x => set(rounded(Math.min(Math.max(x, ends[0]), ends[1])))};
      for (const mark of marks) mark.addEventListener("click", () => set(marked(mark)));
      field.addEventListener("input", () => {
        const x = Number(field.value);
        const valid = field.validity.valid && field.value !== "" && (!whole || Number.isInteger(x));
        if (!valid) {
          field.setAttribute("aria-invalid", "true");
          const bounds = [field.min && `at least ${field.min}`, field.max && `at most ${field.max}`];
          const wanted = [whole ? "a whole number" : "a number", ...bounds].filter(Boolean).join(", ");
          const words = control.querySelector("label span").textContent;
          problem.textContent = `${words}: please type ${wanted}. The picture still shows ${number(values[key])}.`;
          return;
        }
        field.removeAttribute("aria-invalid");
        values[key] = x;
        slider.value = log ? Math.log10(Math.max(x, 10 ** slider.min)) : x;
        announce();
        update();
      });
      values[key] = Number(field.value);
      announce();
    }

    for (const preset of presets) {
      preset.addEventListener("click", () => {
        for (const [key, x] of Object.entries(JSON.parse(preset.dataset.values))) mine[key].set(x);
      });
    }

    const look = () => {
      for (const drawing of globalThis.Bokeh?.documents ?? []) {
        figure ??= drawing.get_model_by_name(`explorer-${name}`);
      }
      if (figure === null) return setTimeout(look, 30);
      update();
    };
    look();
  }

  const begin = () => document.querySelectorAll("section.explorer").forEach(wire);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
  return {drag, draw, fit, fit_log, interval, number, pictures, powers, shade, steps};
})();
