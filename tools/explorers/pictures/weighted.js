explorer.pictures.weighted = ({p, say, tell, plot, band, teacher, plain, aligned, student}) => {
  const sigma2 = p.sigma * p.sigma;
  const L_t = w2s.teacher_error({lam_t: p.lam_t, gamma_t: p.gamma_t, sigma2});
  const grid = explorer.powers(-3, 3, 281);
  const curve = zeta => grid.map(lam_s =>
    w2s.student_error({lam_t: p.lam_t, lam_s, gamma_t: p.gamma_t, gamma_s: p.gamma_s, sigma2, zeta}));
  const yours = curve(p.zeta), none = curve(0), full = curve(1);
  student.data = {x: grid, y: yours};
  plain.data = {x: grid, y: none};
  aligned.data = {x: grid, y: full};
  teacher.data = {x: [1e-3, 1e3], y: [L_t, L_t]};
  const win = w2s.winning_window({lam_t: p.lam_t, gamma_t: p.gamma_t, gamma_s: p.gamma_s, sigma2, zeta: p.zeta});
  explorer.shade(band, win, 1e-3, 1e3);
  explorer.fit(plot.y_range, [...none, ...full], [L_t]);
  const best = w2s.optimal_teacher_penalty({gamma_t: p.gamma_t, sigma2});
  say("L_t", L_t); say("best", best);
  const window = explorer.interval(win);
  say("window", null, window);
  tell(null, win.high > win.low ? ["wins", {window}] : ["none"]);
};
