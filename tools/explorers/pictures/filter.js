explorer.pictures.filter = ({p, say, tell, left, right, left_density, right_density, atom, ideal, filter, ends, teacher, student}) => {
  const sigma2 = p.sigma * p.sigma;
  const {lam_t, lam_s, gamma_t, gamma_s} = p;
  const L_t = w2s.teacher_error({lam_t, gamma_t, sigma2});
  const c = w2s.imbalance({lam_t, gamma_t, sigma2});
  const {overlap, across} = w2s.chain_start({lam_t, gamma_t, sigma2});  // b, and B − b²
  const missing = w2s.terms({lam: 0, gamma: gamma_s}).rest;
  const points = explorer.steps(0, Math.PI, 241).slice(1, -1).map(theta => w2s.density_at({theta, gamma: gamma_s}));
  left_density.data = right_density.data = {x: points.map(at => at.x), y: points.map(at => 0.3 * at.density)};
  atom.data = {x: [0, 0], y: [0, missing]};
  const last = 1.05 * (1 + Math.sqrt(gamma_s)) ** 2;
  for (const plot of [left, right]) [plot.x_range.start, plot.x_range.end] = [-0.03 * last, last];
  const s = explorer.steps(0, last, 301).slice(1);
  const kept = s.map(x => x / (x + lam_s));
  const error = f => (1 - overlap * f) ** 2 + across * f * f;  // 1 − 2bf + Bf²
  filter.data = {x: s, y: kept};
  student.data = {x: s, y: kept.map(error)};
  teacher.data = {x: [0, last], y: [error(1), error(1)]};
  ideal.data = {x: [0, last], y: [1 / (1 - c), 1 / (1 - c)]};
  right.y_range.end = 1.1 * Math.max(1, Number.isFinite(across) ? error(1) : 0);
  const crossing = lam_s * (1 + c) / (-2 * c);  // there the filter is (1+c)/(1−c), and the errors equal
  const kind = L_t === Infinity ? "pole" : lam_s === 0 ? "copy" : c >= 0 ? "none" : c < -1 ? "all" : "some";
  ends.visible = kind === "some";
  ends.location = crossing;
  const rest = {lam_s, lam_t, gamma_t, gamma_s, sigma2, zeta: 0};
  const gap = w2s.error_gap(rest);
  say("ideal", 1 / (1 - c)); say("L_t", L_t); say("L_s", w2s.student_error(rest));
  say("best", w2s.optimal_teacher_penalty({gamma_t, sigma2}));
  tell(gap, [kind, {s: explorer.number(crossing)}], ...(kind === "some" ? [[gap < 0 ? "wins" : "loses"]] : []));
};
