explorer.pictures.h1 = ({p, say, tell, band, curve, level, roots}) => {
  const grid = explorer.powers(-3, 3, 401);
  curve.data = {x: grid, y: grid.map(lam_s => w2s.H_1({lam_s, gamma_s: p.gamma_s}))};
  level.data = {x: [1e-3, 1e3], y: [p.c, p.c]};
  const highest = w2s.threshold({gamma_s: p.gamma_s});
  const touch = Math.abs(p.c - highest) < 1e-12;  // nearer, rounding decides
  const win = touch ? {low: 0, high: NaN} : w2s.edges({gamma_s: p.gamma_s, c: p.c});
  const found = touch ? [] : [win.low, win.high].filter(v => v > 0 && Number.isFinite(v));
  roots.data = {x: found, y: found.map(() => p.c)};
  explorer.shade(band, win, 1e-3, 1e3);
  say("threshold", highest);
  say("window", null, explorer.interval(win));
  tell(null, touch ? ["touch"] : !(win.high > win.low) ? ["none"] : win.high === Infinity ? ["every"]
    : found.length === 2 ? ["twice"] : ["once"]);
};
