explorer.pictures.spectrum = ({p, say, tell, law, transform, density, weight, atom, m, here}) => {
  const t = w2s.terms({lam: p.lam, gamma: p.gamma});
  const missing = w2s.terms({lam: 0, gamma: p.gamma}).rest;  // λm at λ = 0: the atom's mass
  const points = explorer.steps(0, Math.PI, 241).slice(1, -1).map(u => w2s.density_at({gamma: p.gamma, theta: u}));
  density.data = {x: points.map(u => u.x), y: points.map(u => u.density)};
  const last = points[points.length - 1].x;
  atom.data = missing > 0 ? {x: [0, 0], y: [0, missing]} : {x: [], y: []};
  law.y_range.end = Math.min(2.5, Math.max(1.1, 1.1 * Math.max(...density.data.y)));
  law.x_range.start = -0.03 * last; law.x_range.end = 1.05 * last;
  const s = explorer.steps(0, 1.05 * last, 200);
  weight.data = {x: s, y: s.map(v => p.lam / (v + p.lam))};
  const grid = explorer.powers(-4, 2, 241);
  const curve = grid.map(lam => w2s.terms({lam, gamma: p.gamma}).m);
  m.data = {x: grid, y: curve};
  here.data = {x: [p.lam], y: [t.m]};
  explorer.fit_log(transform.y_range, curve);
  say("m", t.m); say("m_2", t.m_2); say("dof", t.dof); say("atom", missing);
  const percent = share => explorer.number(100 * share, 3);
  tell(null, ["shares", {learnt: percent(t.dof), shrunk: percent(t.rest)}]);
};
