explorer.pictures.descent = ({p, say, tell, plot, teacher, student}) => {
  const sigma2 = p.sigma * p.sigma;
  const grid = explorer.powers(-1, 1, 401);
  const lam_t = g => p.share * w2s.optimal_teacher_penalty({gamma_t: g, sigma2});
  const L_t = g => w2s.teacher_error({lam_t: lam_t(g), gamma_t: g, sigma2});
  const L_s = g => w2s.student_error({lam_t: lam_t(g), lam_s: p.lam_s, gamma_t: g, gamma_s: p.gamma_s, sigma2, zeta: 0});
  const high = 30 * (sigma2 + 1);  // a pole, as far as the picture goes
  teacher.data = {x: grid, y: grid.map(g => Math.min(L_t(g), high))};
  student.data = {x: grid, y: grid.map(g => Math.min(L_s(g), high))};
  plot.y_range.start = Math.max(0, sigma2 - 0.05 * (sigma2 + 1));
  plot.y_range.end = 3 * (sigma2 + 1) - plot.y_range.start;
  say("L_t", L_t(1)); say("L_s", L_s(1));
  tell(null, p.share === 0 && sigma2 > 0 ? ["pole"]
    : ["errors", {L_t: explorer.number(L_t(1)), L_s: explorer.number(L_s(1))}]);
};
