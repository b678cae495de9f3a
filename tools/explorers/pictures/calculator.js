explorer.pictures.calculator = ({p, say, tell, plot, student, teacher, here, band}) => {
  const gamma_t = p.d / p.n_t, gamma_s = p.d / p.n_s, sigma2 = p.sigma * p.sigma;
  const rest = {lam_t: p.lam_t, gamma_t, gamma_s, sigma2, zeta: p.zeta};
  const L_t = w2s.teacher_error({lam_t: p.lam_t, gamma_t, sigma2});
  const L_s = w2s.student_error({lam_s: p.lam_s, ...rest});
  const gap = w2s.error_gap({lam_s: p.lam_s, ...rest});
  const win = w2s.winning_window(rest);
  const best = w2s.optimal_teacher_penalty({gamma_t, sigma2});
  const grid = explorer.powers(-4, 3, 281);
  const curve = grid.map(lam_s => w2s.student_error({lam_s, ...rest}));
  student.data = {x: grid, y: curve};
  teacher.data = {x: [1e-4, 1e3], y: [L_t, L_t]};
  here.data = {x: [p.lam_s], y: [L_s]};
  explorer.shade(band, win, 1e-4, 1e3);
  explorer.fit(plot.y_range, [...curve, L_s], [L_t]);
  say("L_t", L_t); say("L_s", L_s);
  say("gamma_t", gamma_t); say("gamma_s", gamma_s); say("best", best);
  const window = explorer.interval(win);
  say("window", null, window);
  const share = explorer.number(Math.abs(gap) / L_t * 100, 3);
  const outcome = gap < 0 ? (L_t === Infinity ? ["peak"] : ["wins", {share}])
    : gap > 0 ? ["loses", {share}] : ["draw"];
  const others = !(win.high > win.low) ? [p.zeta > 0 || p.lam_t < best ? ["none"] : ["tuned"]]
    : win.high === Infinity ? [["every"]]
    : gap < 0 ? [] : [["other", {window}]];
  tell(gap, outcome, ...others);
};
