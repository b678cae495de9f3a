explorer.pictures.h1 = ({p, say, band, curve, level, roots}) => {
  const grid = explorer.powers(-3, 3, 401);
  curve.data = {x: grid, y: grid.map(lam_s => w2s.H_1({lam_s, gamma_s: p.gamma_s}))};
  level.data = {x: [1e-3, 1e3], y: [p.c, p.c]};
  const win = w2s.edges({gamma_s: p.gamma_s, c: p.c});
  const found = [win.low, win.high].filter(v => v > 0 && Number.isFinite(v));
  roots.data = {x: found, y: found.map(() => p.c)};
  explorer.shade(band, win, 1e-3, 1e3);
  const highest = w2s.threshold({gamma_s: p.gamma_s});
  say("threshold", highest); say("low", win.low); say("high", win.high);
  say("window", null, explorer.interval(win));
  say("verdict", null, !(win.high > win.low)
    ? "H₁ stays below c: no penalty wins against this teacher."
    : win.high === Infinity ? "H₁ lies above c everywhere: every penalty wins."
    : found.length === 2 ? "H₁ crosses c twice: the student wins between the roots."
    : "H₁ crosses c once: the student wins to the left of the root.");
};
